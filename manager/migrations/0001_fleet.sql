CREATE TABLE "idempotency" (
	"user_name" text NOT NULL,
	"key" text NOT NULL,
	"route" text NOT NULL,
	"request_hash" text NOT NULL,
	"status" integer,
	"answer" jsonb,
	"expires_at" timestamp with time zone NOT NULL,
	CONSTRAINT "idempotency_user_name_key_pk" PRIMARY KEY("user_name","key")
);
--> statement-breakpoint
CREATE TABLE "pending_device" (
	"device_id" text PRIMARY KEY NOT NULL,
	"token_id" text NOT NULL,
	"asked_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "telemetry" (
	"device_id" text NOT NULL,
	"app" text NOT NULL,
	"gen" bigint NOT NULL,
	"boot" bigint NOT NULL,
	"n" bigint NOT NULL,
	"series" text NOT NULL,
	"value" double precision NOT NULL,
	"unit" text DEFAULT '' NOT NULL,
	"at" timestamp with time zone NOT NULL,
	CONSTRAINT "telemetry_device_id_app_gen_boot_n_pk" PRIMARY KEY("device_id","app","gen","boot","n")
);
--> statement-breakpoint
ALTER TABLE "deployment" DROP CONSTRAINT "deployment_state_known";--> statement-breakpoint
ALTER TABLE "deployment" DROP CONSTRAINT "deployment_in_flight_deadline";--> statement-breakpoint
ALTER TABLE "device" DROP CONSTRAINT "device_state_known";--> statement-breakpoint
ALTER TABLE "release" DROP CONSTRAINT "release_state_known";--> statement-breakpoint
ALTER TABLE "rollout" DROP CONSTRAINT "rollout_state_known";--> statement-breakpoint
ALTER TABLE "wave" DROP CONSTRAINT "wave_state_known";--> statement-breakpoint
DROP INDEX "deployment_one_in_flight";--> statement-breakpoint
DROP INDEX "rollout_due";--> statement-breakpoint
ALTER TABLE "api_token" ADD COLUMN "name" text DEFAULT 'first' NOT NULL;--> statement-breakpoint
ALTER TABLE "api_token" ADD COLUMN "expires_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "api_token" ADD COLUMN "last_used_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "assignment" ADD COLUMN "by_hand" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "audit" ADD COLUMN "xid" bigint DEFAULT (pg_current_xact_id()::text)::bigint NOT NULL;--> statement-breakpoint
ALTER TABLE "claim_token" ADD COLUMN "approval" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "deployment" ADD COLUMN "from_digest" text;--> statement-breakpoint
ALTER TABLE "deployment" ADD COLUMN "offers" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "deployment" ADD COLUMN "retry_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "deployment" ADD COLUMN "proven_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "device_live" ADD COLUMN "usage" jsonb;--> statement-breakpoint
ALTER TABLE "event" ADD COLUMN "last_output" jsonb;--> statement-breakpoint
ALTER TABLE "event" ADD COLUMN "safe_ms" double precision;--> statement-breakpoint
ALTER TABLE "rollout" ADD COLUMN "name" text DEFAULT '' NOT NULL;--> statement-breakpoint
ALTER TABLE "rollout" ALTER COLUMN "name" DROP DEFAULT;--> statement-breakpoint
ALTER TABLE "rollout" ADD COLUMN "cause" text;--> statement-breakpoint
ALTER TABLE "rollout" ADD COLUMN "selector" text;--> statement-breakpoint
ALTER TABLE "rollout" ADD COLUMN "mode" text DEFAULT 'static' NOT NULL;--> statement-breakpoint
ALTER TABLE "rollout" ALTER COLUMN "mode" DROP DEFAULT;--> statement-breakpoint
ALTER TABLE "rollout" ADD COLUMN "max_in_flight" integer DEFAULT 500 NOT NULL;--> statement-breakpoint
ALTER TABLE "rollout" ALTER COLUMN "max_in_flight" DROP DEFAULT;--> statement-breakpoint
ALTER TABLE "rollout" ADD COLUMN "on_failure" text DEFAULT 'pause' NOT NULL;--> statement-breakpoint
ALTER TABLE "rollout" ALTER COLUMN "on_failure" DROP DEFAULT;--> statement-breakpoint
ALTER TABLE "rollout" ADD COLUMN "horizon_s" integer DEFAULT 86400 NOT NULL;--> statement-breakpoint
ALTER TABLE "rollout" ALTER COLUMN "horizon_s" DROP DEFAULT;--> statement-breakpoint
ALTER TABLE "rollout" ADD COLUMN "decided_by" text;--> statement-breakpoint
ALTER TABLE "wave" ADD COLUMN "plan" jsonb DEFAULT '{"take":{"by":"rest"},"gate":{"successPercent":100,"failurePercent":0,"failureSampleMin":1,"presentPercent":50},"advance":"auto"}' NOT NULL;--> statement-breakpoint
ALTER TABLE "wave" ALTER COLUMN "plan" DROP DEFAULT;--> statement-breakpoint
ALTER TABLE "wave" ADD COLUMN "opened_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "wave" ADD COLUMN "passed_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "pending_device" ADD CONSTRAINT "pending_device_device_id_device_id_fk" FOREIGN KEY ("device_id") REFERENCES "public"."device"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "telemetry" ADD CONSTRAINT "telemetry_device_id_device_id_fk" FOREIGN KEY ("device_id") REFERENCES "public"."device"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "idempotency_expiry" ON "idempotency" USING btree ("expires_at");--> statement-breakpoint
CREATE INDEX "telemetry_read" ON "telemetry" USING btree ("device_id","at");--> statement-breakpoint
CREATE INDEX "telemetry_age" ON "telemetry" USING brin ("at");--> statement-breakpoint
CREATE INDEX "audit_object" ON "audit" USING btree ("object","id");--> statement-breakpoint
CREATE INDEX "audit_actor" ON "audit" USING btree ("actor","id");--> statement-breakpoint
CREATE INDEX "audit_tail" ON "audit" USING btree ("xid","id");--> statement-breakpoint
DROP INDEX "deployment_device";--> statement-breakpoint
ALTER TABLE "device_state" ADD COLUMN "policy_number" bigint DEFAULT 0 NOT NULL;--> statement-breakpoint
CREATE INDEX "deployment_attempt" ON "deployment" USING btree ("device_id","app","attempt");--> statement-breakpoint
CREATE INDEX "device_tags" ON "device" USING gin ("tags" jsonb_path_ops);--> statement-breakpoint
CREATE INDEX "rollout_app" ON "rollout" USING btree ("app","id");--> statement-breakpoint
CREATE UNIQUE INDEX "deployment_one_in_flight" ON "deployment" USING btree ("device_id","app") WHERE "deployment"."state" in ('offered', 'accepted', 'downloading', 'verifying', 'applying', 'soaking', 'rolling_back');--> statement-breakpoint
CREATE INDEX "rollout_due" ON "rollout" USING btree ("next_tick_at") WHERE "rollout"."state" in ('running', 'completed', 'aborting', 'rolling_back', 'awaiting_approval', 'paused');--> statement-breakpoint
ALTER TABLE "wave" DROP COLUMN "total";--> statement-breakpoint
UPDATE "rollout" SET "name" = "id" WHERE "name" = '';--> statement-breakpoint
UPDATE "rollout" SET "cause" = 'trust' WHERE "state" = 'paused';--> statement-breakpoint
UPDATE "rollout" SET "state" = 'aborted' WHERE "state" = 'failed';--> statement-breakpoint
UPDATE "wave" SET "opened_at" = "rollout"."created_at" FROM "rollout" WHERE "rollout"."id" = "wave"."rollout_id" AND "wave"."state" <> 'pending';--> statement-breakpoint
UPDATE "wave" SET "passed_at" = coalesce("rollout"."finished_at", "rollout"."created_at") FROM "rollout" WHERE "rollout"."id" = "wave"."rollout_id" AND "wave"."state" = 'passed';--> statement-breakpoint
UPDATE "deployment" SET "proven_at" = "updated_at" WHERE "state" = 'proven';--> statement-breakpoint
UPDATE "deployment" d SET "from_digest" = (SELECT l."digest" FROM "deployment" b JOIN "rollout" r ON r."id" = b."rollout_id" JOIN "release" l ON l."id" = r."release_id" WHERE b."device_id" = d."device_id" AND b."app" = d."app" AND b."state" = 'proven' AND r."created_at" < o."created_at" ORDER BY r."created_at" DESC LIMIT 1) FROM "rollout" o WHERE o."id" = d."rollout_id" AND d."state" <> 'waiting';--> statement-breakpoint
ALTER TABLE "deployment" ADD CONSTRAINT "deployment_state_known" CHECK ("deployment"."state" in ('waiting', 'offered', 'accepted', 'downloading', 'verifying', 'applying', 'soaking', 'proven', 'failed', 'timed_out', 'refused', 'excluded', 'cancelled', 'superseded', 'rolling_back', 'rolled_back', 'rollback_failed'));--> statement-breakpoint
ALTER TABLE "deployment" ADD CONSTRAINT "deployment_in_flight_deadline" CHECK ("deployment"."state" not in ('offered', 'accepted', 'downloading', 'verifying', 'applying', 'soaking', 'rolling_back') or "deployment"."deadline_at" is not null);--> statement-breakpoint
ALTER TABLE "device" ADD CONSTRAINT "device_state_known" CHECK ("device"."state" in ('pending', 'active', 'revoked'));--> statement-breakpoint
ALTER TABLE "release" ADD CONSTRAINT "release_state_known" CHECK ("release"."state" in ('verified', 'rejected', 'withdrawn'));--> statement-breakpoint
ALTER TABLE "rollout" ADD CONSTRAINT "rollout_mode_known" CHECK ("rollout"."mode" in ('static', 'dynamic'));--> statement-breakpoint
ALTER TABLE "rollout" ADD CONSTRAINT "rollout_on_failure_known" CHECK ("rollout"."on_failure" in ('pause', 'roll_back'));--> statement-breakpoint
ALTER TABLE "rollout" ADD CONSTRAINT "rollout_cause_known" CHECK (("rollout"."state" = 'paused') = ("rollout"."cause" is not null) and ("rollout"."cause" is null or "rollout"."cause" in ('operator', 'gate', 'trust')));--> statement-breakpoint
ALTER TABLE "rollout" ADD CONSTRAINT "rollout_state_known" CHECK ("rollout"."state" in ('awaiting_approval', 'denied', 'running', 'paused', 'completed', 'aborting', 'aborted', 'rolling_back', 'rolled_back'));--> statement-breakpoint
ALTER TABLE "wave" ADD CONSTRAINT "wave_state_known" CHECK ("wave"."state" in ('pending', 'active', 'soaking', 'passed', 'failed', 'reopened'));