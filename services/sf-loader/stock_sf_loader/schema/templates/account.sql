-- An administrator runs this once for the stock pipeline. It can be run again: nothing is replaced, and
-- settings get the values that are here. The integration's role, external id and bucket are outputs of
-- Terraform. At the end DESC INTEGRATION shows STORAGE_AWS_IAM_USER_ARN, which Terraform takes as
-- snowflake_principal_arn.
USE ROLE ACCOUNTADMIN;

-- X-SMALL warehouses, each with its limit of spending: after so many credits in a month it stops. Only
-- ACCOUNTADMIN can make a resource monitor. It writes to nobody but the users that --notify names, and to
-- administrators who turned notifications on in their profile. It counts warehouses only: neither storage nor
-- Snowpipe nor automatic clustering. If GENERATION is refused for a warehouse that runs, suspend it first
-- (ALTER WAREHOUSE ... SUSPEND) and run this again. Loads, repairs and audits share one: a statement while it is awake
-- costs nothing more, and a rebuild's may take four hours. Readers have their own: their questions do not wait
-- for the loader, and cannot use up its credits. It costs while somebody asks.
{{warehouses}}

CREATE DATABASE IF NOT EXISTS {{database}};
CREATE SCHEMA IF NOT EXISTS {{database}}.RAW;
CREATE SCHEMA IF NOT EXISTS {{database}}.ANALYTICS;

-- {{owner}} makes and owns tables, views and the stage (migrations).
-- {{loader}} loads and repairs. {{auditor}} reads RAW. {{reader}} reads ANALYTICS.
-- {{loader}} has the rights of {{reader}}, {{owner}} has all of them, and SYSADMIN has {{owner}}'s.
{{roles}}

GRANT OWNERSHIP ON SCHEMA {{database}}.RAW TO ROLE {{owner}} COPY CURRENT GRANTS;
GRANT OWNERSHIP ON SCHEMA {{database}}.ANALYTICS TO ROLE {{owner}} COPY CURRENT GRANTS;

-- The way to the bucket. The external id is pinned, so that replacing the integration does not break the
-- role's trust.
CREATE STORAGE INTEGRATION IF NOT EXISTS {{integration}}
  TYPE = EXTERNAL_STAGE
  STORAGE_PROVIDER = 'S3'
  ENABLED = TRUE
  STORAGE_AWS_ROLE_ARN = '{{role_arn}}'
  STORAGE_AWS_EXTERNAL_ID = '{{external_id}}'
  STORAGE_ALLOWED_LOCATIONS = ('{{location}}');
ALTER STORAGE INTEGRATION {{integration}} SET ENABLED = TRUE STORAGE_AWS_ROLE_ARN = '{{role_arn}}'
  STORAGE_AWS_EXTERNAL_ID = '{{external_id}}' STORAGE_ALLOWED_LOCATIONS = ('{{location}}');

-- Migrations make tables, views and stages later, and a rebuild makes tables too: so FUTURE as well as ALL.
{{grants}}

-- Users of services: no password, no sign-in to the web page.
{{users}}

{{network}}

DESC INTEGRATION {{integration}};
