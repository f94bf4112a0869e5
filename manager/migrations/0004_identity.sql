CREATE TABLE "device_key" (
	"key_id" text PRIMARY KEY NOT NULL,
	"device_id" text NOT NULL,
	"state" text NOT NULL,
	"replaces" text,
	"since" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "device_key_state_known" CHECK ("device_key"."state" in ('offered', 'retired'))
);
--> statement-breakpoint
ALTER TABLE "device" ADD COLUMN "alarm" jsonb;--> statement-breakpoint
ALTER TABLE "device_key" ADD CONSTRAINT "device_key_device_id_device_id_fk" FOREIGN KEY ("device_id") REFERENCES "public"."device"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "device_key_device" ON "device_key" USING btree ("device_id");