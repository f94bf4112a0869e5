import { type BoardModel, headerLines, headerPull, usedLines } from './board-model.ts';

/** A Raspberry Pi 4 Model B: names as in the kernel's bcm2711-rpi-4-b.dts (its spelling of RGMIO_MDC too), pulls as in BCM2711 ARM Peripherals, 5.3. */
export const raspberryPi4b: BoardModel = {
  chips: [
    {
      label: 'pinctrl-bcm2711',
      lines: [
        ...headerLines(),
        ...usedLines(28, [
          ['Ethernet', 'RGMII_MDIO', 'RGMIO_MDC'],
          ['Bluetooth', 'CTS0', 'RTS0', 'TXD0', 'RXD0'],
          ['Wi-Fi', 'SD1_CLK', 'SD1_CMD', 'SD1_DATA0', 'SD1_DATA1', 'SD1_DATA2', 'SD1_DATA3'],
          ['audio and boot flash', 'PWM0_MISO', 'PWM1_MOSI'],
          ['ACT', 'STATUS_LED_G_CLK'],
          ['boot flash', 'SPIFLASH_CE_N'],
          ['camera and display bus', 'SDA0', 'SCL0'],
          ['Ethernet', 'RGMII_RXCLK', 'RGMII_RXCTL', 'RGMII_RXD0', 'RGMII_RXD1', 'RGMII_RXD2', 'RGMII_RXD3', 'RGMII_TXCLK', 'RGMII_TXCTL', 'RGMII_TXD0', 'RGMII_TXD1', 'RGMII_TXD2', 'RGMII_TXD3'],
        ]),
      ],
    },
    {
      label: 'raspberrypi-exp-gpio',
      lines: usedLines(0, [
        ['Bluetooth power', 'BT_ON'],
        ['Wi-Fi power', 'WL_ON'],
        ['PWR', 'PWR_LED_OFF'],
        ['reset', 'GLOBAL_RESET'],
        ['SD card voltage', 'VDD_SD_IO_SEL'],
        ['camera power', 'CAM_GPIO'],
        ['SD card power', 'SD_PWR_ON'],
        ['SD card supply', 'SD_OC_N'],
      ]),
    },
  ],
  resetPull: (_, line) => headerPull(line),
};
