"""What the business day must end in, worked out by hand. Amounts in fen. Nothing here is computed by the engine.

Wednesday 2026-03-04 is the day; T+1 is Thursday for the bills, Friday 2026-03-06 for the money that arrived on
Thursday, Monday 2026-03-09 for what came back or closed on Friday. WeChat takes 0.6 %, half up per order. Orders of
the platform's WeChat merchant 1900000109:

  order  merchant  amount   platform fee          WeChat's fee   what happens
  B      M1002     55000    3 %      = 1650       330            repair: materials 35000, labour 20000
  E      M1005     10000    0.38 %   = 38         60             water top-up
  F      M1005      6000    0.38 %   = 22.8 → 23  36             paid twice: the second 6000 to suspense
  G      M1002      8000    3 %      = 240        48             3000 refunded: fee back 240 × 3/8 = 90
  H      M1005      4500    0.38 %   = 17.1 → 17  27             notification lost, found by polling
  I      M1002     12000    3 %      = 360        72             the placing call timed out
  J      M1005      3300    0.38 %   = 12.54 → 13 19.8 → 20      counted by WeChat in the next day's bill
  K      M1005      2000    0.38 %   = 7.6 → 8    12             the bill says 2500
  L      M1005      1500    0.38 %   = 5.7 → 6    9              the first notification is forged
  N      M1005      2600    0.38 %   = 9.88 → 10  15.6 → 16      notified, well signed, as 100
  O      M1005      1800    0.38 %   = 6.84 → 7   10.8 → 11      notified twice
  P      M1002      5000    3 %      = 150        30             2000 refunded: fee back 150 × 2/5 = 60; the refund
                                                                 is told before the payment
  R      M1002      9000    3 %      = 270        54             paid after it had expired
  S      M1005      4000    0.38 %   = 15.2 → 15  24             in no bill at all
  extra              700                          4.2 → 4        in the bill, paid by nobody

Direct merchant M1001 (own WeChat merchant 1900000101):  A 128050, platform fee 0.1 % = 128.05 → 128.
Fund centre M1003 (WeChat merchant 1900000103):          C 960000, no platform fee, WeChat's fee 5760.
Developer M1004 (bank transfer):                         D 30000000, no fee; on Thursday 15000000 are paid out, and
                                                         2000000 that the payee's bank returns.
"""

PAID = {"A": 128050, "B": 55000, "C": 960000, "D": 30000000, "E": 10000, "F": 6000, "G": 8000, "H": 4500,
        "I": 12000, "J": 3300, "K": 2000, "L": 1500, "N": 2600, "O": 1800, "P": 5000, "R": 9000, "S": 4000}
REFUNDED = {"G": 3000, "P": 2000}

# Wednesday evening: nothing has arrived at the bank, the transfer of D is not known yet. Balances are on each
# account's normal side.
AFTER_DAY_ONE = {
    # B 55000 + E 10000 + F 6000 twice + G 8000 - 3000 + H 4500 + I 12000 + J 3300 + K 2000            = 103800
    # + L 1500 + N 2600 + O 1800 + P 5000 - 2000 + R 9000 + S 4000                                     = 21900
    "1122/wxpay/1900000109": 125700,
    "1122/wxpay/1900000103": 960000,
    "1131/M1001": 128,
    # B 55000-1650  G 8000-240-3000+90  I 12000-360  P 5000-150-2000+60  R 9000-270
    #   53350     +   4850            +   11640    +   2910            +   8730
    "2101/M1002": 81480,
    # E 9962 + F 5977 + H 4483 + J 3287 + K 1992 + L 1494 + N 2590 + O 1793 + S 3985
    "2101/M1005": 35563,
    "2201/维修资金/阳光小区/3幢/0402": 960000,
    "2201/预售资金/阳光二期/YS2026001": 0,
    "2241": 6000,
    # A 128 + B 1650 + G 240-90 + I 360 + P 150-60 + R 270 + (E 38 F 23 H 17 J 13 K 8 L 6 N 10 O 7 S 15 = 137)
    "6001": 2785,
    "2103": 0,
    "2104": 0,
}

# The platform's bill of 2026-03-04 as WeChat issues it, without J and S: (rows that agree, net that it pays)
#   gross  B 55000 + E 10000 + F 6000 + F 6000 + G 8000 - 3000 + H 4500 + I 12000 + K 2500 + extra 700 = 101700
#          + L 1500 + N 2600 + O 1800 + P 5000 - 2000 + R 9000                                         = 17900
#   fees   330 + 60 + 36 + 36 + 48 - 18 + 27 + 72 + 12 + 4 = 607;  9 + 16 + 11 + 30 - 12 + 54 = 108
#          (a refund brings back what WeChat's fee of the rest is less: G 48 - 30, P 30 - 18)
#   net    119600 - 715 = 118885, on Thursday in the bank
# The bill of 2026-03-05 holds J alone: 3300 - 20 = 3280, on Friday in the bank.
ARRIVED = {"2026-03-04": 118885, "2026-03-05": 3280}

# Agreeing rows of each run. The platform's first bill: payments B E F G H I L N O P R, refunds G P.
MATCHED = {
    ("bill", "1900000101", "2026-03-04"): 1,         # A
    ("bill", "1900000103", "2026-03-04"): 1,         # C
    ("bill", "1900000109", "2026-03-04"): 13,
    ("statement", "6228000000000004", "2026-03-04"): 1,  # the deposit of D
    ("statement", "6228000000000001", "2026-03-05"): 1,  # WeChat's 118885
    ("statement", "6228000000000003", "2026-03-05"): 1,  # WeChat's 960000 - 5760
    ("statement", "6228000000000004", "2026-03-05"): 3,  # two payouts, one of them returned
    ("bill", "1900000109", "2026-03-05"): 1,         # J
    ("statement", "6228000000000001", "2026-03-06"): 4,  # two payouts, one of them returned; WeChat's 3280
}

# Net of the batch per merchant: reconciled and arrived orders, gross less refunds less fee.
# Friday:  M1002  B 55000 + G 5000 + I 12000 + P 3000 + R 9000 = 84000; fee 1650+150+360+90+270 = 2520
#          M1005  E 10000 + F 6000 + H 4500 + L 1500 + N 2600 + O 1800 = 26400; fee 38+23+17+6+10+7 = 101
# Monday:  M1005  the same again, for the bank returned it, + J 3300 + K 2000; fee 101 + 13 + 8 = 122
BATCHES = {
    "2026-03-06": {"M1002": 81480, "M1005": 26299},
    "2026-03-09": {"M1005": 31578},
}

# Monday, when all is paid out.
AT_END = {
    "1002/6228000000000001": 9107,       # 118885 + 3280 - 81480 - 26299 + 26299 - 31578
    "1002/6228000000000003": 954240,     # 960000 - 5760
    "1002/6228000000000004": 15000000,   # 30000000 - 15000000 - 2000000 + 2000000
    # 125700 - 119600 - 3300 = 2800 (S 4000 - surplus of K 500 - extra 700); both are brought into the books
    "1122/wxpay/1900000109": 4000,
    "1122/wxpay/1900000103": 0,
    "1131/M1001": 128,
    "2101/M1002": 0,
    "2101/M1005": 3985,                  # S waits: 4000 - 15
    "2102/M1002": 0,
    "2102/M1005": 0,
    "2103": 0,
    "2104": 0,
    "2201/维修资金/阳光小区/3幢/0402": 960000,
    "2201/预售资金/阳光二期/YS2026001": 15000000,
    "2241": 7200,                        # F 6000 + surplus of K 500 + extra 700
    "6001": 2785,
    "6401": 6495,                        # 715 + 5760 + 20
}
# Assets and cost 9107+954240+15000000+4000+128+6495 = 15973970; the rest 3985+960000+15000000+7200+2785 the same.

# What the fund centre sees above the household: general ledger (总账), estate, building (幢).
FUND_ROLL_UP = ("2201/维修资金", "2201/维修资金/阳光小区", "2201/维修资金/阳光小区/3幢")

# (class, order at the channel, signed amount outside minus books, what became of it)
BREAKS = {
    ("duplicate_payment", "F", 6000, "open"),        # in suspense until somebody refunds it
    ("timing", "J", -3300, "cleared"),               # 存疑: the next bill has it
    ("missing_channel", "S", -4000, "open"),         # 存疑 at first; the next bill has it neither
    ("amount_mismatch", "K", 500, "resolved"),       # the surplus to suspense, by two people
    ("missing_local", "extra", 700, "resolved"),     # to suspense, by two people
}

# Alerts that people hear of: N told with a wrong amount.
ALERTS = {("order.alert", "N")}
