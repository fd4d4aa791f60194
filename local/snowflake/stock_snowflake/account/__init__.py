"""Objects of the account itself, which are in no database: warehouses, roles, users, integrations, rights."""
