-- The bucket's raw/, which is all that the storage integration allows. An existing stage is left as it is,
-- because replacing it would break its link to the storage integration.
CREATE STAGE IF NOT EXISTS RAW.{{stage}}
  URL = '{{stage_url}}'
  {{storage_integration}};
