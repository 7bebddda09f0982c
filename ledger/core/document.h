// Documents: everything durable that is not an account or a movement (orders, holds, merchants, fee
// schedules, batches, cases, keys). A document is replaced as a whole, by compare-and-set on its
// version; its bytes are opaque to the ledger, except for the kinds whose codecs live in core.
#pragma once
#include <boost/container/small_vector.hpp>
#include <boost/iterator/indirect_iterator.hpp>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>

namespace suanpan {

/// Stable numbers: they are journalled.
enum class DocumentKind : std::uint8_t {
  kHold = 1,           ///< core/hold.h; key: ClaimKey bytes
  kReversalTotal = 2,  ///< core/reversal_totals.h; key: ClaimKey bytes of the original
  kOrder = 3,          ///< core/order.h; key: order id
  kRefund = 4,         ///< core/order.h
  kPayout = 5,         ///< core/order.h
  kIndex = 6,          ///< a name that leads to a document: "kind/owner/number" → key
  kMerchant = 7,
  kApp = 8,
  kApiKey = 9,
  kNotification = 10,  ///< a merchant notification that is to be delivered
  kFeeSchedule = 11,
  kSettlementLine = 12,
  kSettlementBatch = 13,
  kStatement = 14,  ///< a bill or bank statement that has been taken in
  kReconcileRun = 15,
  kBreakCase = 16,
  kSubAccount = 17,  ///< a bank's virtual sub-account and what it belongs to
  kCursor = 18,      ///< how far a consumer has come
  kNight = 19,       ///< what of a business day's night is done: api/night/night_record.h
  kBookSetting = 20,
  kChannelArrival = 21,
  kRefundRequest = 22,      ///< a maker's refund that a checker has yet to approve
  kPayoutRequest = 23,      ///< likewise a payout
  kAdjustmentRequest = 26,  ///< likewise a voucher into a day already cut
  kAuthorityRequest = 30,   ///< a key, merchant or app that a checker has yet to approve
  kChart = 31,              ///< core/chart.h
  kSubject = 32,            ///< core/chart.h; key: the subject's code
  kYearClose = 33,          ///< core/year_close.h; key: the year
  kTermsChange = 34,        ///< what an account's terms were and became: core/terms_history.h
  kWebhook = 40,            ///< an upstream's URL for events, and how far they were delivered
  kDeadLetter = 41,         ///< events that a webhook was offered in vain
  kErasureRequest = 42,     ///< an erasure that a checker has yet to approve
  kErasure = 43,            ///< core/erasure.h; key: the name of the erased key
};

struct Document {
  DocumentKind kind{};
  std::string key;
  std::uint32_t version = 0;  ///< 1 when made, +1 with each replacement
  bool open = true;           ///< work remains: stays resident, and is listed by open_documents()
  std::string bytes;
};
using DocumentPtr = std::shared_ptr<const Document>;

/// One replacement: `document.version` must be exactly one above the stored version.
using DocumentChange = Document;

/// The replacements of one command, in order. They look like a vector of documents; each is
/// allocated once, and who takes a change set over shares it: the planning state, the block, the
/// projections. So a planner may change them only until it has handed its change set over. A copy
/// has documents of its own.
class DocumentChanges {
  using Pointers = boost::container::small_vector<std::shared_ptr<Document>, 1>;

 public:
  using value_type = Document;
  using iterator = boost::indirect_iterator<Pointers::iterator, Document>;
  using const_iterator = boost::indirect_iterator<Pointers::const_iterator, const Document>;

  DocumentChanges() = default;
  DocumentChanges(std::initializer_list<Document> documents);
  DocumentChanges(const DocumentChanges& other);
  DocumentChanges(DocumentChanges&&) = default;
  DocumentChanges& operator=(DocumentChanges other) noexcept {
    pointers_ = std::move(other.pointers_);
    return *this;
  }

  void push_back(Document document) {
    pointers_.push_back(std::make_shared<Document>(std::move(document)));
  }
  void clear() { pointers_.clear(); }
  std::size_t size() const { return pointers_.size(); }
  bool empty() const { return pointers_.empty(); }
  Document& operator[](std::size_t i) { return *pointers_[i]; }
  const Document& operator[](std::size_t i) const { return *pointers_[i]; }
  const Document& front() const { return *pointers_.front(); }
  iterator begin() { return pointers_.begin(); }
  iterator end() { return pointers_.end(); }
  const_iterator begin() const { return pointers_.begin(); }
  const_iterator end() const { return pointers_.end(); }
  /// Calls `take` with each of them, to be kept.
  template <class Take>
  void share(Take&& take) const {
    for (const DocumentPtr document : pointers_) take(document);
  }

 private:
  Pointers pointers_;
};

}  // namespace suanpan
