// Hands out bills: asks whether the day may have one, issues it, sells a download link that soon
// dies, and says what the day's settlement comes to.
//
// A trade bill is decided when it is first asked for (or settled): the faults of the script are
// worked in once and the rows are kept, so that the same day always reads the same.
// Not thread-safe.
#pragma once
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "channels/sandbox/api_error.h"
#include "channels/sandbox/faults.h"
#include "channels/sandbox/wechat_bill.h"
#include "channels/sandbox/wechat_book.h"
#include "ledger/base/http_message.h"

namespace suanpan::sandbox {

struct BillSettings {
  std::string advertised_base = "http://127.0.0.1:8081";  ///< of download URLs, without a slash
  int ready_hour = 10;                                    ///< of the next day, UTC+8
};

/// Money on its way from WeChat to a merchant's bank account.
struct Settlement {
  std::string mchid;
  std::string bank_account;
  std::string number;
  Date date;
  std::int64_t amount_fen = 0;
};

/// By what a settlement is reckoned: the bill as issued, its faults included, or the true records.
enum class SettlementBasis : std::uint8_t { kBill, kRecords };

class BillDesk {
 public:
  BillDesk(BillSettings settings, WechatBook& book, FaultScript& faults, SeededRandom& random)
      : settings_(std::move(settings)), book_(book), faults_(faults), random_(random) {}

  using Query = std::vector<std::pair<std::string, std::string>>;
  /// {hash_type, hash_value, download_url} of a trade bill: bill_date, bill_type (ALL, SUCCESS,
  /// REFUND), tar_type (GZIP). Errors: PARAM_ERROR (also for today and for over 3 months ago),
  /// STATEMENT_CREATING, NO_STATEMENT_EXIST.
  ApiResult<std::string> trade_bill(const std::string& mchid, const Query& query, Timestamp now);
  /// The same for fund flows; account_type BASIC only has any.
  ApiResult<std::string> fund_flow_bill(const std::string& mchid, const Query& query,
                                        Timestamp now);
  /// The file behind a link that lives five minutes. Errors: RESOURCE_NOT_EXISTS.
  ApiResult<HttpResponse> download(const std::string& mchid, const Query& query, Timestamp now);

  /// Settles that day for every merchant with a bank account, each once: the day's net after fees
  /// leaves WeChat's books. A net of zero or less is carried to the merchant's next settlement.
  std::vector<Settlement> settle(Date date, SettlementBasis basis, Timestamp now);

 private:
  struct Issued {
    std::vector<BillRow> rows;
    std::int64_t totals_off_fen = 0;
    bool wrong_hash = false;
    bool truncated = false;
  };
  struct Ticket {
    std::string mchid;
    std::string content;  ///< as sent
    Timestamp expires_at;
  };
  ApiResult<Date> bill_date(const Query& query, Timestamp now) const;
  const Issued& issue(const std::string& mchid, Date date);
  ApiResult<std::string> offer(const std::string& mchid, std::string text, const Query& query,
                               std::pair<Timestamp, bool> now_and_wrong_hash);

  BillSettings settings_;
  WechatBook& book_;
  FaultScript& faults_;
  SeededRandom& random_;
  std::map<std::pair<std::string, Date>, Issued> issued_;
  std::map<std::pair<std::string, Date>, std::vector<BillRow>> held_over_;  ///< by the later day
  std::map<std::string, Ticket> tickets_;
  std::set<std::pair<std::string, Date>> settled_;
  std::map<std::string, std::int64_t> carried_fen_;
};

}  // namespace suanpan::sandbox
