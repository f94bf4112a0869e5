CREATE TABLE "api_token" (
	"id" text PRIMARY KEY NOT NULL,
	"hash" text NOT NULL,
	"user_name" text NOT NULL,
	"role" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "api_token_hash_unique" UNIQUE("hash"),
	CONSTRAINT "api_token_role_known" CHECK ("api_token"."role" in ('viewer', 'operator', 'admin'))
);
--> statement-breakpoint
CREATE TABLE "assignment" (
	"device_id" text NOT NULL,
	"app" text NOT NULL,
	"release_id" text,
	"attempt" bigint NOT NULL,
	"soak_s" integer NOT NULL,
	"set_by" text NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "assignment_device_id_app_pk" PRIMARY KEY("device_id","app")
);
--> statement-breakpoint
CREATE TABLE "audit" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "audit_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"at" timestamp with time zone DEFAULT now() NOT NULL,
	"actor" text NOT NULL,
	"action" text NOT NULL,
	"object" text NOT NULL,
	"detail" jsonb DEFAULT '{}'::jsonb NOT NULL
);
--> statement-breakpoint
CREATE TABLE "binding" (
	"device_id" text NOT NULL,
	"app" text NOT NULL,
	"bindings" jsonb NOT NULL,
	"set_by" text NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "binding_device_id_app_pk" PRIMARY KEY("device_id","app")
);
--> statement-breakpoint
CREATE TABLE "claim_token" (
	"id" text PRIMARY KEY NOT NULL,
	"secret_hash" text NOT NULL,
	"uses_max" integer NOT NULL,
	"uses" integer DEFAULT 0 NOT NULL,
	"tags" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"expires_at" timestamp with time zone NOT NULL,
	"created_by" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "claim_token_secret_hash_unique" UNIQUE("secret_hash")
);
--> statement-breakpoint
CREATE TABLE "deployment" (
	"rollout_id" text NOT NULL,
	"device_id" text NOT NULL,
	"app" text NOT NULL,
	"wave" integer NOT NULL,
	"state" text NOT NULL,
	"attempt" bigint,
	"reason_code" text,
	"reason_text" text,
	"deadline_at" timestamp with time zone,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "deployment_rollout_id_device_id_pk" PRIMARY KEY("rollout_id","device_id"),
	CONSTRAINT "deployment_state_known" CHECK ("deployment"."state" in ('waiting', 'offered', 'accepted', 'downloading', 'verifying', 'applying', 'soaking', 'proven', 'failed', 'timed_out', 'refused', 'cancelled', 'superseded')),
	CONSTRAINT "deployment_in_flight_deadline" CHECK ("deployment"."state" not in ('offered', 'accepted', 'downloading', 'verifying', 'applying', 'soaking') or "deployment"."deadline_at" is not null)
);
--> statement-breakpoint
CREATE TABLE "device" (
	"id" text PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"model" text NOT NULL,
	"profile" jsonb NOT NULL,
	"tags" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"state" text DEFAULT 'active' NOT NULL,
	"generation" bigint DEFAULT 1 NOT NULL,
	"key_id" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "device_key_id_unique" UNIQUE("key_id"),
	CONSTRAINT "device_state_known" CHECK ("device"."state" in ('active', 'revoked'))
);
--> statement-breakpoint
CREATE TABLE "device_live" (
	"device_id" text PRIMARY KEY NOT NULL,
	"online" boolean NOT NULL,
	"conn" text NOT NULL,
	"agent" text NOT NULL,
	"gen" bigint NOT NULL,
	"boot" bigint NOT NULL,
	"seq" bigint NOT NULL,
	"rev" bigint NOT NULL,
	"last_seen_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "device_state" (
	"device_id" text PRIMARY KEY NOT NULL,
	"rev" bigint DEFAULT 0 NOT NULL,
	"desired" jsonb,
	"desired_hash" text,
	"reported" jsonb,
	"gen" bigint DEFAULT 0 NOT NULL,
	"boot" bigint DEFAULT 0 NOT NULL,
	"seq" bigint DEFAULT 0 NOT NULL,
	"reported_at" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "event" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "event_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"device_id" text NOT NULL,
	"gen" bigint NOT NULL,
	"boot" bigint NOT NULL,
	"seq" bigint NOT NULL,
	"type" text NOT NULL,
	"app" text,
	"digest" text,
	"attempt" bigint,
	"code" text,
	"reason" text,
	"received_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "outbox" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "outbox_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"topic" text NOT NULL,
	"payload" text NOT NULL,
	"at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "policy" (
	"number" bigint PRIMARY KEY NOT NULL,
	"root_id" text NOT NULL,
	"envelope" jsonb NOT NULL,
	"set_by" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "release" (
	"id" text PRIMARY KEY NOT NULL,
	"app" text NOT NULL,
	"version" text NOT NULL,
	"counter" bigint NOT NULL,
	"repository" text NOT NULL,
	"digest" text NOT NULL,
	"size_bytes" bigint NOT NULL,
	"asks" jsonb NOT NULL,
	"limits" jsonb NOT NULL,
	"state" text NOT NULL,
	"reason_code" text,
	"reason_text" text,
	"signed_by" jsonb NOT NULL,
	"policy_number" bigint,
	"created_by" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "release_digest_unique" UNIQUE("digest"),
	CONSTRAINT "release_state_known" CHECK ("release"."state" in ('verified', 'rejected'))
);
--> statement-breakpoint
CREATE TABLE "rollout" (
	"id" text PRIMARY KEY NOT NULL,
	"release_id" text NOT NULL,
	"app" text NOT NULL,
	"state" text NOT NULL,
	"reason_code" text,
	"reason_text" text,
	"soak_s" integer NOT NULL,
	"deadline_s" integer NOT NULL,
	"revision" integer DEFAULT 1 NOT NULL,
	"next_tick_at" timestamp with time zone DEFAULT now() NOT NULL,
	"created_by" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"finished_at" timestamp with time zone,
	CONSTRAINT "rollout_state_known" CHECK ("rollout"."state" in ('running', 'paused', 'completed', 'failed', 'aborted'))
);
--> statement-breakpoint
CREATE TABLE "session" (
	"hash" text PRIMARY KEY NOT NULL,
	"user_name" text NOT NULL,
	"expires_at" timestamp with time zone NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "user_account" (
	"name" text PRIMARY KEY NOT NULL,
	"password" text NOT NULL,
	"role" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "user_account_role_known" CHECK ("user_account"."role" in ('viewer', 'operator', 'admin'))
);
--> statement-breakpoint
CREATE TABLE "wave" (
	"rollout_id" text NOT NULL,
	"n" integer NOT NULL,
	"state" text NOT NULL,
	"total" integer NOT NULL,
	CONSTRAINT "wave_rollout_id_n_pk" PRIMARY KEY("rollout_id","n"),
	CONSTRAINT "wave_state_known" CHECK ("wave"."state" in ('pending', 'active', 'passed', 'failed'))
);
--> statement-breakpoint
ALTER TABLE "api_token" ADD CONSTRAINT "api_token_user_name_user_account_name_fk" FOREIGN KEY ("user_name") REFERENCES "public"."user_account"("name") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "assignment" ADD CONSTRAINT "assignment_device_id_device_id_fk" FOREIGN KEY ("device_id") REFERENCES "public"."device"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "assignment" ADD CONSTRAINT "assignment_release_id_release_id_fk" FOREIGN KEY ("release_id") REFERENCES "public"."release"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "binding" ADD CONSTRAINT "binding_device_id_device_id_fk" FOREIGN KEY ("device_id") REFERENCES "public"."device"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "deployment" ADD CONSTRAINT "deployment_rollout_id_rollout_id_fk" FOREIGN KEY ("rollout_id") REFERENCES "public"."rollout"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "deployment" ADD CONSTRAINT "deployment_device_id_device_id_fk" FOREIGN KEY ("device_id") REFERENCES "public"."device"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "device_live" ADD CONSTRAINT "device_live_device_id_device_id_fk" FOREIGN KEY ("device_id") REFERENCES "public"."device"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "device_state" ADD CONSTRAINT "device_state_device_id_device_id_fk" FOREIGN KEY ("device_id") REFERENCES "public"."device"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "event" ADD CONSTRAINT "event_device_id_device_id_fk" FOREIGN KEY ("device_id") REFERENCES "public"."device"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "rollout" ADD CONSTRAINT "rollout_release_id_release_id_fk" FOREIGN KEY ("release_id") REFERENCES "public"."release"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "session" ADD CONSTRAINT "session_user_name_user_account_name_fk" FOREIGN KEY ("user_name") REFERENCES "public"."user_account"("name") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "wave" ADD CONSTRAINT "wave_rollout_id_rollout_id_fk" FOREIGN KEY ("rollout_id") REFERENCES "public"."rollout"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "deployment_wave_state" ON "deployment" USING btree ("rollout_id","wave","state");--> statement-breakpoint
CREATE INDEX "deployment_device" ON "deployment" USING btree ("device_id","app");--> statement-breakpoint
CREATE UNIQUE INDEX "deployment_one_in_flight" ON "deployment" USING btree ("device_id","app") WHERE "deployment"."state" in ('offered', 'accepted', 'downloading', 'verifying', 'applying', 'soaking');--> statement-breakpoint
CREATE UNIQUE INDEX "event_once" ON "event" USING btree ("device_id","gen","boot","seq");--> statement-breakpoint
CREATE INDEX "event_device" ON "event" USING btree ("device_id","id");--> statement-breakpoint
CREATE UNIQUE INDEX "release_app_version" ON "release" USING btree ("app","version") WHERE "release"."state" = 'verified';--> statement-breakpoint
CREATE UNIQUE INDEX "release_app_counter" ON "release" USING btree ("app","counter") WHERE "release"."state" = 'verified';--> statement-breakpoint
CREATE INDEX "rollout_due" ON "rollout" USING btree ("next_tick_at") WHERE "rollout"."state" = 'running';--> statement-breakpoint
CREATE INDEX "session_expiry" ON "session" USING btree ("expires_at");