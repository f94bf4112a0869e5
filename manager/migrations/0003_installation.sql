CREATE TABLE "installation" (
	"ca_fingerprint" text PRIMARY KEY NOT NULL,
	"claimed_at" timestamp with time zone DEFAULT now() NOT NULL
);
