export { type Permission, type Route, apiPrefix } from './route.ts';
export { PageQuery, Problem, Role, SelectorText, Tags } from './common.ts';
export { CommandState, Device, DeviceApp, DeviceChange, DeviceCount, DeviceDetail, DeviceEvent, DeviceStanding, DeviceState, Fleet, LogView, PinsView, Refused, SentCommand, TagChange, TelemetryView, UiVerb } from './device-models.ts';
export { PolicyDocument, Release, ReleaseDifference, ReleaseState, ReleaseUse } from './release-models.ts';
export {
  type RolloutVerb, Contrast, Deployment, DeploymentState, Forecast, Gate, InFlightState, PauseCause, Progress, Rollout, RolloutAct, RolloutPlan, RolloutState, VerbPreview, WavePlan, WaveState, WaveView, rolloutVerbs,
} from './rollout-models.ts';
export { Why, WhyCheck, WhyCounts } from './why-models.ts';
export { type WhyCode, whyCodes, whyReasons } from './why-reasons.ts';
export { About, ApiToken, AuditRecord, ChangeEvent, ClaimToken, CreatedApiToken, ListedClaimToken, Me, NewApiToken, NewClaimToken, PendingDevice, SavedView, User, UserName } from './access-models.ts';
export { SimAct, SimBoard, SimBoardDetail, SimPart, SimPortFault, SimRecording } from './simulator-models.ts';
export { Policy } from './release-routes.ts';
export { type RouteName, type Routes, type StreamName, routes } from './routes.ts';
export { type AnswerOf, type ApiClient, type CallOf, type Followed, apiClient } from './client.ts';
export { type PagePath, type PageSession, pageMarks, pagePaths } from './pages.ts';
