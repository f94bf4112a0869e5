import { type BoardModel, type ChipLine, type Pull, headerLines, headerPull, usedLines } from './board-model.ts';

/** Pulls above the header after reset (BCM2835 ARM Peripherals, table 6-31); lines without one are taken as low. */
const pulledUp = [[34, 36], [46, 53]] as const;

/** What the boards of this chip wire alike: Bluetooth, Wi-Fi and the SD card. */
const radio: ChipLine[] = usedLines(30, [
  ['Bluetooth', 'CTS0', 'RTS0', 'TXD0', 'RXD0'],
  ['Wi-Fi', 'SD1_CLK', 'SD1_CMD', 'SD1_DATA0', 'SD1_DATA1', 'SD1_DATA2', 'SD1_DATA3'],
]);
const storage: ChipLine[] = usedLines(43, [
  ['Wi-Fi and Bluetooth clock', 'WIFI_CLK'],
  ['camera and display bus', 'SDA0', 'SCL0'],
  ['power supply', 'SMPS_SCL', 'SMPS_SDA'],
  ['SD card', 'SD_CLK_R', 'SD_CMD_R', 'SD_DATA0_R', 'SD_DATA1_R', 'SD_DATA2_R', 'SD_DATA3_R'],
]);

const label = 'pinctrl-bcm2835';
const resetPull = (chip: string, line: number): Pull => (chip === label && pulledUp.some(([from, to]) => line >= from && line <= to) ? 'up' : headerPull(line));

/** A Raspberry Pi 3 Model B: names as in raspberrypi/linux, bcm2710-rpi-3-b.dts. */
export const raspberryPi3b: BoardModel = {
  chips: [
    {
      label,
      lines: [
        ...headerLines(),
        ...usedLines(28, [['not connected', 'NC'], ['Ethernet and USB', 'LAN_RUN_BOOT']]),
        ...radio,
        ...usedLines(40, [['audio', 'PWM0_OUT', 'PWM1_OUT'], ['Ethernet clock', 'ETH_CLK']]),
        ...storage,
      ],
    },
    {
      label: 'raspberrypi-exp-gpio',
      lines: usedLines(0, [
        ['Bluetooth power', 'BT_ON'],
        ['Wi-Fi power', 'WL_ON'],
        ['ACT', 'STATUS_LED'],
        ['Ethernet and USB', 'LAN_RUN'],
        ['HDMI plug', 'HDMI_HPD_N'],
        ['camera power', 'CAM_GPIO0', 'CAM_GPIO1'],
        ['PWR', 'PWR_LOW_N'],
      ]),
    },
  ],
  resetPull,
};

/** A Raspberry Pi Zero 2 W, the same chip in another package, without an expander: names as in raspberrypi/linux, bcm2710-rpi-zero-2-w.dts. */
export const raspberryPiZero2W: BoardModel = {
  chips: [
    {
      label,
      lines: [
        ...headerLines(),
        ...usedLines(28, [['HDMI plug', 'HDMI_HPD_N'], ['ACT', 'STATUS_LED_N']]),
        ...radio,
        ...usedLines(40, [['camera power', 'CAM_GPIO1'], ['Wi-Fi power', 'WL_ON'], ['Bluetooth power', 'BT_ON']]),
        ...storage,
      ],
    },
  ],
  resetPull,
};
