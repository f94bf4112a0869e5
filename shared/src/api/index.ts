export { type Permission, type Route, apiPrefix } from './route.ts';
export { PageQuery, Problem, Role, SelectorText, Tags } from './common.ts';
export { Device, DeviceApp, DeviceChange, DeviceCount, DeviceDetail, DeviceEvent, DeviceState, LogView, PinsView, Refused, TelemetryView } from './device-models.ts';
export { Release, ReleaseDifference, ReleaseState } from './release-models.ts';
export {
  type RolloutVerb, Deployment, DeploymentState, Forecast, Gate, InFlightState, PauseCause, Rollout, RolloutAct, RolloutPlan, RolloutState, VerbPreview, WavePlan, WaveState, WaveView, rolloutVerbs,
} from './rollout-models.ts';
export { Why, WhyCheck, WhyCounts } from './why-models.ts';
export { type WhyCode, whyCodes, whyReasons } from './why-reasons.ts';
export { ApiToken, AuditRecord, ChangeEvent, ClaimToken, CreatedApiToken, ListedClaimToken, NewApiToken, NewClaimToken, PendingDevice, User, UserName } from './access-models.ts';
export { Policy } from './release-routes.ts';
export { type RouteName, type Routes, type StreamName, routes } from './routes.ts';
export { DeviceAddresses, EnrollRequest, EnrollResponse, decodeToken, devicePaths, encodeToken } from './device.ts';
export { type AnswerOf, type ApiClient, type CallOf, type Followed, apiClient } from './client.ts';
