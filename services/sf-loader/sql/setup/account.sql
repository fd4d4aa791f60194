-- What an administrator does once for the stock pipeline. It can be run again: nothing is replaced, and settings are set to what is here.
-- The integration's role, external id and bucket are the outputs of Terraform; at the end DESC INTEGRATION shows STORAGE_AWS_IAM_USER_ARN,
-- which Terraform takes as snowflake_principal_arn.
USE ROLE ACCOUNTADMIN;

-- The spending stop: at {{credits}} credits a month nothing of the pipeline runs any more. Only ACCOUNTADMIN can make one.
CREATE RESOURCE MONITOR IF NOT EXISTS {{monitor}} WITH CREDIT_QUOTA = {{credits}} FREQUENCY = MONTHLY START_TIMESTAMP = IMMEDIATELY
  TRIGGERS ON 75 PERCENT DO NOTIFY ON 90 PERCENT DO SUSPEND ON 100 PERCENT DO SUSPEND_IMMEDIATE;
ALTER RESOURCE MONITOR {{monitor}} SET CREDIT_QUOTA = {{credits}};

-- One X-SMALL for all: who comes while it is awake pays nothing more. A rebuild's statements may take four hours.
CREATE WAREHOUSE IF NOT EXISTS {{warehouse}} WITH WAREHOUSE_SIZE = 'X-SMALL' AUTO_SUSPEND = 60 AUTO_RESUME = TRUE INITIALLY_SUSPENDED = TRUE;
ALTER WAREHOUSE {{warehouse}} SET WAREHOUSE_SIZE = 'X-SMALL' AUTO_SUSPEND = 60 AUTO_RESUME = TRUE STATEMENT_TIMEOUT_IN_SECONDS = 14400
  RESOURCE_MONITOR = {{monitor}};

CREATE DATABASE IF NOT EXISTS {{database}};
CREATE SCHEMA IF NOT EXISTS {{database}}.RAW;
CREATE SCHEMA IF NOT EXISTS {{database}}.ANALYTICS;

-- {{owner}} makes and owns tables, views and the stage (migrations); {{loader}} loads and repairs; {{auditor}} reads RAW; {{reader}} reads
-- ANALYTICS. Each holds what the one below it may, and SYSADMIN all.
{{roles}}

GRANT OWNERSHIP ON SCHEMA {{database}}.RAW TO ROLE {{owner}} COPY CURRENT GRANTS;
GRANT OWNERSHIP ON SCHEMA {{database}}.ANALYTICS TO ROLE {{owner}} COPY CURRENT GRANTS;

-- The way to the bucket. The external id is pinned, so that replacing the integration does not break the role's trust.
CREATE STORAGE INTEGRATION IF NOT EXISTS {{integration}}
  TYPE = EXTERNAL_STAGE
  STORAGE_PROVIDER = 'S3'
  ENABLED = TRUE
  STORAGE_AWS_ROLE_ARN = '{{role_arn}}'
  STORAGE_AWS_EXTERNAL_ID = '{{external_id}}'
  STORAGE_ALLOWED_LOCATIONS = ('{{location}}');
ALTER STORAGE INTEGRATION {{integration}} SET ENABLED = TRUE STORAGE_AWS_ROLE_ARN = '{{role_arn}}' STORAGE_ALLOWED_LOCATIONS = ('{{location}}');

-- Tables, views and stages come with the migrations and later ones; a repair that rebuilds makes tables of its own.
{{grants}}

-- Users of services: no password, no sign-in to the web page.
{{users}}

{{network}}

DESC INTEGRATION {{integration}};
