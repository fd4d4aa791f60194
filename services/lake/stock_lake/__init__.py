"""The lake: one sorted file a day and topic, an Iceberg table over them, and SQL without a warehouse.

import stock_lake
with stock_lake.connect() as connection:
    frame = connection.sql("SELECT * FROM bars_1d WHERE symbol = 'IBM'").to_arrow_table()
"""

from stock_lake.query import connect

__all__ = ["connect"]
