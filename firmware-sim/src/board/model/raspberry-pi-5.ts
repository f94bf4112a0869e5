import { type BoardModel, headerLines, headerPull, usedLines } from './board-model.ts';

const none = 'not connected';

/**
 * A Raspberry Pi 5: the header hangs on the RP1 beside the SoC, whose own four banks serve the board alone. Names and bank
 * widths as in raspberrypi/linux, bcm2712-rpi-5-b.dts; a line without a name is "-" there too. Header pulls as in RP1 Peripherals, 3.1.
 */
export const raspberryPi5: BoardModel = {
  chips: [
    {
      label: 'gpio-brcmstb@107d508500',
      lines: usedLines(0, [
        [none, '-'],
        ['boot flash', '2712_BOOT_CS_N', '2712_BOOT_MISO', '2712_BOOT_MOSI', '2712_BOOT_SCLK'],
        [none, ...names(9)],
        ['PCI Express', 'PCIE_SDA', 'PCIE_SCL'],
        [none, ...names(4)],
        ['power button', 'PWR_GPIO'],
        ['boot', '2712_G21_FS'],
        [none, ...names(2)],
        ['Bluetooth', 'BT_RTS', 'BT_CTS', 'BT_TXD', 'BT_RXD'],
        ['Wi-Fi power', 'WL_ON'],
        ['Bluetooth power', 'BT_ON'],
        ['Wi-Fi', 'WIFI_SDIO_CLK', 'WIFI_SDIO_CMD'],
      ]),
    },
    { label: 'gpio-brcmstb@107d508520', lines: usedLines(0, [['Wi-Fi', 'WIFI_SDIO_D0', 'WIFI_SDIO_D1', 'WIFI_SDIO_D2', 'WIFI_SDIO_D3']]) },
    {
      label: 'gpio-brcmstb@107d517c00',
      lines: usedLines(0, [
        ['RP1', 'RP1_SDA', 'RP1_SCL', 'RP1_RUN'],
        ['SD card', 'SD_IOVDD_SEL', 'SD_PWR_ON', 'SD_CDET_N', 'SD_FLG_N'],
        [none, '-'],
        ['wake-up', '2712_WAKE'],
        ['ACT', '2712_STAT_LED'],
        [none, ...names(2)],
        ['power supply', 'PMIC_INT'],
        ['boot', 'UART_TX_FS', 'UART_RX_FS'],
        [none, ...names(2)],
      ]),
    },
    { label: 'gpio-brcmstb@107d517c20', lines: usedLines(0, [['HDMI', 'HDMI0_SCL', 'HDMI0_SDA', 'HDMI1_SCL', 'HDMI1_SDA'], ['power supply', 'PMIC_SCL', 'PMIC_SDA']]) },
    {
      label: 'pinctrl-rp1',
      lines: [
        ...headerLines(),
        ...usedLines(28, [
          ['PCI Express', 'PCIE_RP1_WAKE'],
          ['fan', 'FAN_TACH'],
          ['RP1', 'HOST_SDA', 'HOST_SCL'],
          ['Ethernet', 'ETH_RST_N'],
          [none, '-'],
          ['camera and display', 'CD0_IO0_MICCLK', 'CD0_IO0_MICDAT0'],
          ['PCI Express', 'RP1_PCIE_CLKREQ_N'],
          [none, '-'],
          ['camera and display', 'CD0_SDA', 'CD0_SCL', 'CD1_SDA', 'CD1_SCL'],
          ['USB power', 'USB_VBUS_EN', 'USB_OC_N'],
          ['PWR', 'RP1_STAT_LED'],
          ['fan', 'FAN_PWM'],
          ['camera and display', 'CD1_IO0_MICCLK'],
          ['wake-up', '2712_WAKE'],
          ['camera and display', 'CD1_IO1_MICDAT1'],
          ['USB power', 'EN_MAX_USB_CUR'],
          [none, ...names(4)],
        ]),
      ],
    },
  ],
  resetPull: (_, line) => headerPull(line),
};

function names(count: number): string[] {
  return Array.from({ length: count }, () => '-');
}
