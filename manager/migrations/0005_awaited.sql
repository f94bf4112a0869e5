ALTER TABLE "device" ADD COLUMN "certificate_until" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "device_key" ADD COLUMN "until" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "device_live" ADD COLUMN "awaited_since" timestamp with time zone;