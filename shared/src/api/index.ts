export { type Permission, type Route, apiPrefix } from './route.ts';
export { Deployment, DeploymentState, Device, DeviceDetail, InFlightState, PinsView, Problem, Refused, Release, ReleaseState, Rollout, RolloutState, WaveState } from './models.ts';
export { type RouteName, type Routes, ClaimToken, Policy, routes } from './routes.ts';
export { EnrollRequest, EnrollResponse, decodeToken, devicePaths, encodeToken } from './device.ts';
export { type AnswerOf, type ApiClient, type CallOf, apiClient } from './client.ts';
