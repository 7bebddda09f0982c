"""What the business day must end in, worked out by hand. Amounts in fen. Nothing here is computed by the engine.

Day one, 2026-03-04 (Wednesday). Channel fee 0.6 %, half up per order. Orders of the platform's WeChat merchant
1900000109:

  number  merchant  amount   platform fee          channel fee   what happens
  B       M1002     55000    3 %      = 1650       330           repair: materials 35000, labour 20000
  E       M1005     10000    0.38 %   = 38         60            water top-up
  F       M1005      6000    0.38 %   = 22.8 → 23  36            paid twice: the second 6000 to suspense
  G       M1002      8000    3 %      = 240        48            refunded 3000: fee back 240 × 3/8 = 90
  H       M1005      4500    0.38 %   = 17.1 → 17  27            notification lost, found by polling
  I       M1002     12000    3 %      = 360        72            the placing call timed out
  J       M1005      3300    0.38 %   = 12.54 → 13 19.8 → 20     missing in the bill
  K       M1005      2000    0.38 %   = 7.6 → 8    12            the bill says 2500
  extra              700                                         in the bill, paid by nobody

Direct merchant M1001 (own WeChat merchant 1900000101):  A 128050, platform fee 0.1 % = 128.05 → 128.
Fund centre M1003 (WeChat merchant 1900000103):          C 960000, no platform fee, channel fee 5760.
Developer M1004 (bank transfer):                         D 30000000, no fee; 15000000 paid out the same day.

The bill of 1900000109 as WeChat issues it: B E F F G(-3000) H I K(2500) extra.
  gross  55000+10000+6000+6000+8000-3000+4500+12000+2500+700 = 101700
  fees   330+60+36+36+48-18+27+72+12 = 603 (K's planted amount keeps the true fee), extra 700 × 0.6 % = 4.2 → 4: 607
WeChat pays by its bill: 101700 - 607 = 101093 arrives. What stays receivable is J - K's surplus - extra:
3300 - 500 - 700 = 2100.

Settlement, due on the first workday after: gross less refunds less fee, reconciled and arrived orders only.
  M1002  55000 + (8000-3000) + 12000 = 72000; fee 1650 + (240-90) + 360 = 2160; net 69840
  M1005  10000 + 6000 + 4500 = 20500; fee 38+23+17 = 78; net 20422        (J and K are not matched)
"""

DAY = "2026-03-04"

PAID = {"A": 128050, "B": 55000, "C": 960000, "D": 30000000, "E": 10000, "F": 6000, "G": 8000, "H": 4500,
        "I": 12000, "J": 3300, "K": 2000}

# After the first day, before anything arrived at the bank. Balances on each account's normal side.
AFTER_DAY_ONE = {
    # 55000+10000+6000+6000+8000-3000+4500+12000+3300+2000
    "1122/wxpay/1900000109": 103800,
    "1122/wxpay/1900000103": 960000,
    "1131/M1001": 128,
    # 55000-1650 + 8000-240 -3000+90 + 12000-360
    "2101/M1002": 69840,
    # 10000-38 + 6000-23 + 4500-17 + 3300-13 + 2000-8
    "2101/M1005": 25701,
    "2201/维修资金/阳光小区/3幢/0402": 960000,
    "2241": 6000,
    # 128 + 1650+240-90+360 + 38+23+17+13+8
    "6001": 2387,
    "2103": 0,
    "2104": 0,
}

# When everything has arrived and been paid out.
AT_END = {
    "1002/6228000000000001": 10831,      # 101093 - 69840 - 20422
    "1002/6228000000000003": 954240,     # 960000 - 5760
    "1002/6228000000000004": 15000000,   # 30000000 - 15000000
    "1122/wxpay/1900000109": 2100,
    "1122/wxpay/1900000103": 0,
    "2101/M1002": 0,
    "2101/M1005": 5279,                  # J and K wait: 3300-13 + 2000-8
    "2102/M1002": 0,
    "2102/M1005": 0,
    "2103": 0,
    "2104": 0,
    "2201/预售资金/阳光二期/YS2026001": 15000000,
    "2241": 6000,
    "6001": 2387,
    "6401": 6367,                        # 607 + 5760
}

# (class, number of the order at the channel, signed amount outside minus books)
BREAKS = {
    ("duplicate_payment", "F", 6000),
    ("timing", "J", -3300),  # 存疑: carried over the cut-off, a break only if the next bill has it neither
    ("amount_mismatch", "K", 500),
    ("missing_local", "extra", 700),
}

BATCHES = {"M1002": 69840, "M1005": 20422}
