"""What well-known symbols cost: rough prices of 2025 in dollars, so that a demo looks like what it shows.

They are levels only. The moves are the replayed or random ones.
"""

from __future__ import annotations

LEVELS = {
    **{"AAPL": 230, "FB": 600, "GOOG": 180, "IBM": 240, "MSFT": 450, "AMZN": 200, "NVDA": 150, "TSLA": 320},
    **{"META": 600, "GOOGL": 180, "BRK.B": 480, "JPM": 260, "V": 340, "JNJ": 155, "WMT": 95, "PG": 165},
    **{"MA": 540, "UNH": 400, "HD": 370, "BAC": 45, "XOM": 110, "CVX": 150, "KO": 68, "PEP": 140},
    **{"ABBV": 185, "MRK": 85, "PFE": 25, "LLY": 780, "AVGO": 230, "COST": 950, "TMO": 450, "MCD": 300},
    **{"CSCO": 62, "ACN": 310, "ADBE": 400, "CRM": 270, "NKE": 70, "WFC": 75, "DIS": 110, "TXN": 190},
    **{"ORCL": 180, "QCOM": 155, "AMD": 130, "INTC": 22, "MS": 130, "GS": 600, "CAT": 360, "DE": 480},
    **{"GE": 220, "BLK": 980, "AXP": 300, "NFLX": 1_100, "PYPL": 70, "SBUX": 90, "F": 11, "GM": 50},
    **{"T": 27, "VZ": 43, "C": 75, "SPY": 590, "QQQ": 520, "DIA": 430, "IWM": 210, "UBER": 85},
}
