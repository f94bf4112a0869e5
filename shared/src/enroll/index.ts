export { DeviceAddresses, EnrollRequest, EnrollResponse, RenewRequest, RenewResponse, decodeToken, devicePaths, encodeToken } from './enroll.ts';
