/** Ends the guest: reboot(2) with LINUX_REBOOT_CMD_POWER_OFF, since a container's file system brings no `poweroff`. */
import koffi from 'koffi';

koffi.load(null).func('reboot', 'int', ['int'])(0x4321_fedc);
