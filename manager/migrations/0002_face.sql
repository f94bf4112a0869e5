CREATE TABLE "command" (
	"id" text PRIMARY KEY NOT NULL,
	"device_id" text NOT NULL,
	"verb" text NOT NULL,
	"app" text NOT NULL,
	"state" text DEFAULT 'sent' NOT NULL,
	"reason_code" text,
	"reason_text" text,
	"sent_by" text NOT NULL,
	"sent_at" timestamp with time zone DEFAULT now() NOT NULL,
	"deadline_at" timestamp with time zone NOT NULL,
	"ended_at" timestamp with time zone,
	CONSTRAINT "command_verb_known" CHECK ("command"."verb" in ('app.start', 'app.stop', 'app.restart')),
	CONSTRAINT "command_state_known" CHECK ("command"."state" in ('sent', 'accepted', 'running', 'done', 'failed', 'refused', 'interrupted', 'unanswered'))
);
--> statement-breakpoint
CREATE TABLE "saved_view" (
	"user_name" text NOT NULL,
	"name" text NOT NULL,
	"query" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "saved_view_user_name_name_pk" PRIMARY KEY("user_name","name")
);
--> statement-breakpoint
ALTER TABLE "command" ADD CONSTRAINT "command_device_id_device_id_fk" FOREIGN KEY ("device_id") REFERENCES "public"."device"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "saved_view" ADD CONSTRAINT "saved_view_user_name_user_account_name_fk" FOREIGN KEY ("user_name") REFERENCES "public"."user_account"("name") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "command_device" ON "command" USING btree ("device_id","sent_at");--> statement-breakpoint
CREATE INDEX "command_open" ON "command" USING btree ("deadline_at") WHERE "command"."ended_at" is null;--> statement-breakpoint
CREATE INDEX "deployment_newest" ON "deployment" USING btree ("device_id","app","rollout_id");