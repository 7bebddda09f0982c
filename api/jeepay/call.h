// One authenticated call of the merchant API on its way through a handler, and the ways to answer
// it. Seen by routes.cc and the handlers only.
//
// An answer is sent once, from any thread; it is signed as the request was.
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "api/jeepay/ahead_marks.h"
#include "api/jeepay/caller.h"
#include "api/jeepay/requests.h"
#include "api/jeepay/responses.h"
#include "api/jeepay/signed_bodies.h"
#include "api/router.h"
#include "api/services.h"
#include "channels/fair_workers.h"
#include "channels/payment_service.h"
#include "settlement/settlement_service.h"

namespace suanpan::api::jeepay {

struct JeepayCall {
  HttpServer::Reply reply;
  FieldBag bag;
  Envelope envelope;
  CallerPtr caller;
  std::string peer;  ///< the client's address

  const std::string& mch_no() const { return caller->merchant.mch_no; }
  void succeed(const FieldBag& data) const;
  /// `name`: what the refusal is counted as.
  void refuse(ApiCode code, std::string_view message, std::string_view name = "business") const;
  void refuse(const Error& error) const;
};
using CallPtr = std::shared_ptr<const JeepayCall>;

HttpResponse answer(std::string body);
/// An answer that refuses, counted as `name`.
HttpResponse refusal(std::string body, std::string_view name);

/// What the handlers work with; lives as long as the routes. The book's currency never changes.
struct Desk {
  explicit Desk(Services& services);
  Services& services;
  channels::PaymentService& payments;
  settlement::SettlementService& settlement;
  Callers callers;
  SignedBodies bodies;
  AheadMarks marks;
  Currency currency;

  /// Only the book's currency can be posted. Errors: kMismatch.
  Result<void> check_currency(Money amount) const;
  /// `work` on a worker, where it may read the disk. Merchants take turns; one that has all the
  /// places that it may have is refused.
  void on_worker(const CallPtr& call, std::function<void()> work) const;
};
using DeskPtr = std::shared_ptr<Desk>;

// The handlers, by endpoint.
void place_order(const DeskPtr& desk, const CallPtr& call);
void query_order(const DeskPtr& desk, const CallPtr& call);
void close_order(const DeskPtr& desk, const CallPtr& call);
void place_refund(const DeskPtr& desk, const CallPtr& call);
void query_refund(const DeskPtr& desk, const CallPtr& call);
void place_transfer(const DeskPtr& desk, const CallPtr& call);
void query_transfer(const DeskPtr& desk, const CallPtr& call);

/// The claim of a merchant's own number: `what` is order, refund or payout.
ClaimKey claim_of(std::string_view what, std::string_view mch_no, std::string_view number);
/// Our number for it: `prefix`, the business time, 16 hexadecimal digits of the claim; 31
/// characters.
std::string document_id(char prefix, Timestamp now, const ClaimKey& claim);
/// The content for idempotency; personal values as keyed digests.
Content content_of(const Vault& vault, std::vector<ContentField> fields);
/// A URL that a notification can be sent to, or none. Errors: kMalformed.
Result<void> check_notify_url(std::string_view url);

/// What a refusal tells the merchant. `exists`: the message for a number that was used for
/// something else.
template <class T>
void refuse_outcome(const JeepayCall& call, const channels::Outcome<T>& outcome,
                    const std::string& exists);
void refuse_refusal(const JeepayCall& call, const Refusal& refusal, const std::string& exists);

template <class T>
void refuse_outcome(const JeepayCall& call, const channels::Outcome<T>& outcome,
                    const std::string& exists) {
  if (outcome.overloaded) return call.refuse(fail(Errc::kUnavailable, "queue"));
  refuse_refusal(call, outcome.refusal, exists);
}

/// One of the merchant's own documents, by our number or by its own; nothing if it is unknown or
/// somebody else's, which nobody can tell apart. Errors: kCorrupt.
Result<std::optional<Order>> find_own_order(const Book& book, std::string_view mch_no,
                                            std::string_view order_id, std::string_view number);
Result<std::optional<Refund>> find_own_refund(const Book& book, std::string_view mch_no,
                                              std::string_view refund_id, std::string_view number);
Result<std::optional<Payout>> find_own_payout(const Book& book, std::string_view mch_no,
                                              std::string_view payout_id, std::string_view number);

}  // namespace suanpan::api::jeepay
