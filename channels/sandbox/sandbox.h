// The other side of the wire: WeChat Pay API v3 and a supervision bank, with scripted faults.
// Start here.
//
//   /v3/…                        WeChat Pay, signed both ways (wechat_side.h)
//   /bank/…                      the bank (bank_side.h)
//   POST   /sandbox/wechat/pay     {out_trade_no | code_url, [mchid, payer, bank_type, again,
//   late]} POST   /sandbox/wechat/settle  {date, [basis: "bill" | "records"]} POST
//   /sandbox/bank/accounts  {account, name, [opening_fen, opened_on, sub_accounts: [...]]} POST
//   /sandbox/bank/deposit   {account, amount_fen, [sub_account, payer_name, payer_account,
//                                  remark]}
//   POST   /sandbox/faults         one fault or {faults: [...]} (faults.h); GET lists, DELETE
//   clears GET    /sandbox/state          everything, for inspection
// The control routes are open: bind the sandbox to a loopback address.
//
// Deterministic: an answer is a function of keys, settings (with their seed) and the calls before,
// times included. All state is in memory; a restart forgets it. A host that restarts it against the
// same engine should give another seed, or notification ids repeat.
//
// Not thread-safe: the host calls from one thread or under a lock.
#pragma once
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "channels/sandbox/bank_side.h"
#include "channels/sandbox/faults.h"
#include "channels/sandbox/keys.h"
#include "channels/sandbox/moment.h"
#include "channels/sandbox/seeded_random.h"
#include "channels/sandbox/wechat_side.h"

namespace suanpan::sandbox {

struct Settings {
  std::uint64_t seed = 1;
  WechatSettings wechat;
  BankSettings bank;
};

class Sandbox {
 public:
  /// Errors: kConfig (a merchant without keys, two equal merchants or accounts, a merchant whose
  /// bank account is not in the settings).
  static Result<std::unique_ptr<Sandbox>> make(Keys keys, Settings settings);

  /// Answers one request; nothing means: close the connection without an answer.
  std::optional<HttpResponse> handle(const HttpRequest& request, Moment now);

  /// Notifications to send now, in this order; signed with the wire time. Each stays queued for its
  /// next retry (15 s, 15 s, 30 s, 3 min … 6 h, fifteen of them) until it is answered 200 or 204.
  std::vector<OutgoingNotification> take_due_notifications(Moment now);
  /// The receiver's HTTP status, or 0 if there was none.
  void notification_answered(std::string_view id, int status);

  /// The day's channel money arrives in the merchants' bank accounts, net of fees, one credit entry
  /// each; again for the same day does nothing. The business date must be past `date`.
  std::vector<Settlement> settle_wechat_day(Date date, SettlementBasis basis, Timestamp now);

  const WechatSide& wechat() const { return wechat_; }
  const BankSide& bank() const { return bank_; }
  const FaultScript& faults() const { return faults_; }

 private:
  Sandbox(Keys keys, Settings settings);
  HttpResponse control(const HttpRequest& request, Timestamp now);
  HttpResponse pay(const JsonValue& body, Timestamp now);
  HttpResponse settle(const JsonValue& body, Timestamp now);
  HttpResponse open_account(const JsonValue& body, Timestamp now);
  HttpResponse deposit(const JsonValue& body, Timestamp now);

  Keys keys_;
  SeededRandom random_;
  FaultScript faults_;
  WechatSide wechat_;
  BankSide bank_;
};

/// The body of GET /sandbox/state.
std::string state_json(const Sandbox& sandbox);

}  // namespace suanpan::sandbox
