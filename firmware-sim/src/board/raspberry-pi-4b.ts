import type { BoardProfile } from '@pier/shared/hardware';

type ProfileLine = BoardProfile['chips'][number]['lines'][number];

/** BCM line → pin of the 40-pin header. */
const headerPins: Readonly<Record<number, number>> = {
  0: 27, 1: 28, 2: 3, 3: 5, 4: 7, 5: 29, 6: 31, 7: 26, 8: 24, 9: 21, 10: 19, 11: 23, 12: 32, 13: 33,
  14: 8, 15: 10, 16: 36, 17: 11, 18: 12, 19: 35, 20: 38, 21: 40, 22: 15, 23: 16, 24: 18, 25: 22, 26: 37, 27: 13,
};

/** Lines 28 to 57 of `pinctrl-bcm2711`, named as in the kernel's bcm2711-rpi-4-b.dts (its spelling of RGMIO_MDC too). */
const onBoard: readonly (readonly [name: string, usedFor: string])[] = [
  ['RGMII_MDIO', 'Ethernet'], ['RGMIO_MDC', 'Ethernet'],
  ['CTS0', 'Bluetooth'], ['RTS0', 'Bluetooth'], ['TXD0', 'Bluetooth'], ['RXD0', 'Bluetooth'],
  ['SD1_CLK', 'Wi-Fi'], ['SD1_CMD', 'Wi-Fi'], ['SD1_DATA0', 'Wi-Fi'], ['SD1_DATA1', 'Wi-Fi'], ['SD1_DATA2', 'Wi-Fi'], ['SD1_DATA3', 'Wi-Fi'],
  ['PWM0_MISO', 'audio and boot flash'], ['PWM1_MOSI', 'audio and boot flash'], ['STATUS_LED_G_CLK', 'ACT'], ['SPIFLASH_CE_N', 'boot flash'],
  ['SDA0', 'camera and display bus'], ['SCL0', 'camera and display bus'],
  ['RGMII_RXCLK', 'Ethernet'], ['RGMII_RXCTL', 'Ethernet'], ['RGMII_RXD0', 'Ethernet'], ['RGMII_RXD1', 'Ethernet'], ['RGMII_RXD2', 'Ethernet'], ['RGMII_RXD3', 'Ethernet'],
  ['RGMII_TXCLK', 'Ethernet'], ['RGMII_TXCTL', 'Ethernet'], ['RGMII_TXD0', 'Ethernet'], ['RGMII_TXD1', 'Ethernet'], ['RGMII_TXD2', 'Ethernet'], ['RGMII_TXD3', 'Ethernet'],
];

const expander: readonly (readonly [name: string, usedFor: string])[] = [
  ['BT_ON', 'Bluetooth power'], ['WL_ON', 'Wi-Fi power'], ['PWR_LED_OFF', 'PWR'], ['GLOBAL_RESET', 'reset'],
  ['VDD_SD_IO_SEL', 'SD card voltage'], ['CAM_GPIO', 'camera power'], ['SD_PWR_ON', 'SD card power'], ['SD_OC_N', 'SD card supply'],
];

function headerLine(line: number): ProfileLine {
  const headerPin = headerPins[line];
  const name = line === 0 ? 'ID_SDA' : line === 1 ? 'ID_SCL' : `GPIO${line}`;
  return { line, name, ...(headerPin === undefined ? {} : { headerPin }), ...(line < 2 ? { reserved: 'HAT identification EEPROM' } : {}) };
}

/** A Raspberry Pi 4 Model B as Linux shows it: the SoC's pin controller and the firmware's expander. */
export function raspberryPi4b(onRelease: BoardProfile['onRelease']): BoardProfile {
  const header = Array.from({ length: 28 }, (_, line) => headerLine(line));
  const soc = onBoard.map(([name, reserved], index) => ({ line: 28 + index, name, reserved }));
  return {
    model: 'raspberry-pi-4b',
    onRelease,
    chips: [
      { label: 'pinctrl-bcm2711', lines: [...header, ...soc] },
      { label: 'raspberrypi-exp-gpio', lines: expander.map(([name, reserved], line) => ({ line, name, reserved })) },
    ],
  };
}

/** The pull of a SoC line after reset (BCM2711 ARM Peripherals, 5.3): up for GPIO0 to 8, down above. */
export function resetPull(line: number): 'up' | 'down' {
  return line <= 8 ? 'up' : 'down';
}
