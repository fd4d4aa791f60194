-- The bucket's raw/, which the storage integration allows and no more. An existing stage is left as it is: replacing it would break its link to the storage integration.
CREATE STAGE IF NOT EXISTS RAW.{{stage}}
  URL = '{{stage_url}}'
  {{storage_integration}};
