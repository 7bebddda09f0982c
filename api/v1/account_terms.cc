// The history of an account's terms: limits, freezes, closing and reopening, as they were changed.
#include "api/v1/body.h"
#include "api/v1/ownership.h"
#include "api/v1/routes.h"
#include "api/v1/set_terms.h"
#include "ledger/core/terms_history.h"

namespace suanpan::api::v1 {
namespace {

constexpr std::int64_t kMaxPage = 500;

void write_terms(JsonWriter& out, std::string_view name, const AccountTerms& terms) {
  out.key(name)
      .begin_object()
      .field("limit", name_of(terms.limit))
      .field("credit_line", terms.credit_line)
      .field("frozen_in", terms.frozen_in)
      .field("frozen_out", terms.frozen_out)
      .field("closed", terms.closed)
      .field("hot", terms.hot)
      .end_object();
}

void write_change(JsonWriter& out, std::uint32_t version, const TermsChange& change,
                  const OutsideOrder& order) {
  out.begin_object()
      .field("version", version)
      .field("timestamp", change.at.iso_cn())
      .field("command", change.by.hex());
  if (!order.empty()) out.field("ordered_by", order.by).field("order_no", order.number);
  write_terms(out, "before", change.before);
  write_terms(out, "after", change.after);
  out.end_object();
}

// A page by version: changes are never removed, so the cursor is the last version.
void answer_page(const Book& book, Call& call, const Account& account, std::uint32_t after,
                 std::size_t limit) {
  bool more = false, whole = true;
  std::vector<TermsChange> changes;
  const std::string prefix = terms_change_key(account.id, 0).substr(0, 4);
  const auto read =
      book.for_each_document(DocumentKind::kTermsChange, terms_change_key(account.id, after + 1),
                             [&](const DocumentPtr& document) {
                               if (!std::string_view(document->key).starts_with(prefix))
                                 return false;
                               const auto change = decode_terms_change(document->bytes);
                               whole = change.has_value();
                               more = changes.size() == limit;
                               if (more || !whole) return false;
                               changes.push_back(*change);
                               return true;
                             });
  if (!read) return refuse_call(call, read.error());
  if (!whole) return refuse_call(call, fail(Errc::kCorrupt, "terms of {}", account.code));
  JsonWriter out;
  out.begin_object().field("account", account.code).field("version", account.version);
  out.key("changes").begin_array();
  std::uint32_t last = after;
  for (const TermsChange& change : changes) {
    // Whose order it is the house knows, and nobody whose account it may be.
    const auto order =
        call.principal.roles.has_any(kHouse) ? outside_order_of(book, change.by) : OutsideOrder{};
    if (!order) return refuse_call(call, order.error());
    // Versions follow each other without a gap: the first change makes the second version.
    last = std::max(last + 1, 2u);
    write_change(out, last, change, order.value());
  }
  out.end_array().key("next_after");
  if (more)
    out.integer(last);
  else
    out.null();
  out.end_object();
  call.reply(json_response(200, out.take()));
}

void history(Services& services, Call call) {
  Query query(call);
  const std::string code = query.text("account");
  const auto after = query.maybe_integer("after", 0, UINT32_MAX - 1).value_or(0);
  const auto limit = query.maybe_integer("limit", 1, kMaxPage).value_or(100);
  if (const auto& error = query.finish()) return refuse_call(call, *error);
  const auto account = account_of(services.book, call.principal, code);
  if (!account) return refuse_call(call, account.error());
  on_worker(services, std::move(call),
            [&book = services.book, account = account.value(), after, limit](Call& to) {
              answer_page(book, to, account, static_cast<std::uint32_t>(after),
                          static_cast<std::size_t>(limit));
            });
}

}  // namespace

void add_account_terms_routes(Router& router, Services& services) {
  router.describe("Terms",
                  "limit:=none|not_below_zero|credit_line credit_line:integer frozen_in:boolean "
                  "frozen_out:boolean closed:boolean hot:boolean");
  router.describe("TermsChange",
                  "version:integer timestamp:date-time command:string ordered_by?:string "
                  "order_no?:string before:Terms after:Terms");
  router.describe("TermsPage",
                  "account:string version:integer changes:[TermsChange] next_after:integer|null");
  router.add(
      {.method = "GET",
       .pattern = "/v1/account-terms",
       .allowed = kReaders,
       .summary = "How an account's limits, freezes and closings changed",
       .handle = [&services](Call call) { history(services, std::move(call)); },
       .doc = {.answer = "TermsPage", .query = "account:string after?:integer limit?:integer"}});
}

}  // namespace suanpan::api::v1
