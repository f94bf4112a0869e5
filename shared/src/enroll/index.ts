export { DeviceAddresses, EnrollRequest, EnrollResponse, decodeToken, devicePaths, encodeToken } from './enroll.ts';
