// The routes of requests that become a document: what is asked for, lists of both, the decision.
#include <map>

#include "api/v1/approval.h"
#include "ledger/base/check.h"

namespace suanpan::api::v1 {
namespace {

constexpr std::int64_t kMaxPage = 500;
constexpr std::size_t kMaxCursorBytes = 128;

using Kind = std::shared_ptr<const RequestKind>;

/// A request and what became of it; either may be missing.
Result<void> write_view(JsonWriter& out, const RequestKind& kind, const DocumentPtr& request,
                        const DocumentPtr& outcome) {
  out.begin_object();
  if (request) {
    TRY(const ApprovalRequest decoded, decode_approval(request->bytes));
    TRY(const Shown asked, kind.show_asked(decoded));
    out.key("request").begin_object();
    write_request(out, decoded);
    asked.write(out);
    out.end_object();
  }
  if (outcome) {
    TRY(const Shown shown, kind.show_outcome(*outcome));
    out.key(kind.noun);
    shown.write(out);
  }
  out.end_object();
  return success();
}

void get(Services& services, const Kind& kind, Call call) {
  if (const auto& error = Query(call).finish()) return refuse_call(call, *error);
  on_worker(services, std::move(call), [&services, kind](Call& on) {
    const std::string& id = on.path.at("id");
    const DocumentPtr request = services.book.document(kind->requests, id);
    const DocumentPtr outcome = services.book.document(kind->outcomes, id);
    if (!request && !outcome) return refuse_call(on, refuse(RefusalCode::kDocumentNotFound, id));
    JsonWriter out;
    const auto written = write_view(out, *kind, request, outcome);
    if (!written) return refuse_call(on, written.error());
    on.reply(json_response(200, out.take()));
  });
}

struct Wanted {
  std::string state;  ///< empty: any
  std::string of;     ///< empty: anybody's
  std::string after;  ///< the number that the page before ended with
  std::size_t limit = 0;
};

bool is_request_state(std::string_view state) {
  for (const RequestState known :
       {RequestState::kRequested, RequestState::kApproved, RequestState::kRejected})
    if (name_of(known) == state) return true;
  return false;
}

/// Whether `choices` ("a|b") names `word`.
bool is_among(std::string_view choices, std::string_view word) {
  return !word.empty() && word.find('|') == std::string_view::npos &&
         fmt::format("|{}|", choices).find(fmt::format("|{}|", word)) != std::string::npos;
}

/// The lowest numbers above the cursor, each with the document that was looked at; one more than
/// the page holds tells that there is another.
class Page {
 public:
  Page(const RequestKind& kind, const Wanted& wanted) : kind_(kind), wanted_(wanted) {}

  Result<void> read(const Book& book) {
    const bool request = is_request_state(wanted_.state);
    if (wanted_.state.empty() || request) {
      TRY(gather(book, kind_.requests, wanted_.state == name_of(RequestState::kRequested)));
    }
    if (wanted_.state.empty() || !request) {
      const bool open = wanted_.state == "created" || wanted_.state == "processing";
      TRY(gather(book, kind_.outcomes, open));
    }
    return success();
  }
  bool has_more() const { return found_.size() > wanted_.limit; }
  Result<void> write(JsonWriter& out, const Book& book) const {
    std::size_t count = 0;
    std::string last;
    out.key(kind_.noun + "s").begin_array();
    for (const auto& [id, document] : found_) {
      if (count++ == wanted_.limit) break;
      const auto side = [&, &id = id, &document = document](DocumentKind which) {
        return document->kind == which ? document : book.document(which, id);
      };
      TRY(write_view(out, kind_, side(kind_.requests), side(kind_.outcomes)));
      last = id;
    }
    out.end_array().key("next_cursor");
    has_more() ? out.string(last) : out.null();
    return success();
  }

 private:
  /// Open documents are resident; the others are read in the order of their numbers.
  Result<void> gather(const Book& book, DocumentKind which, bool open) {
    Result<void> result = success();
    const auto each = [&](const DocumentPtr& document) {
      const auto taken = take(document);
      if (!taken) result = taken.error();
      return taken && taken.value();
    };
    if (!open) {
      TRY(book.for_each_document(which, each));
      return result;
    }
    const auto documents =
        book.read([&](const State& state, std::uint64_t) { return state.open_documents(which); });
    for (const DocumentPtr& document : documents) {
      if (result) each(document);
    }
    return result;
  }
  /// False: what comes after it is beyond this page.
  Result<bool> take(const DocumentPtr& document) {
    if (document->key <= wanted_.after) return true;
    if (has_more() && document->key > found_.rbegin()->first) return false;
    TRY(const bool fits, matches(*document));
    if (!fits) return true;
    found_.try_emplace(document->key, document);
    if (found_.size() > wanted_.limit + 1) found_.erase(std::prev(found_.end()));
    return true;
  }
  Result<bool> matches(const Document& document) const {
    Shown shown;
    if (document.kind == kind_.requests) {
      TRY(const ApprovalRequest request, decode_approval(document.bytes));
      TRY(shown, kind_.show_asked(request));
      shown.state = name_of(request.state);
    } else {
      TRY(shown, kind_.show_outcome(document));
    }
    return (wanted_.state.empty() || shown.state == wanted_.state) &&
           (wanted_.of.empty() || shown.of == wanted_.of);
  }

  const RequestKind& kind_;
  const Wanted& wanted_;
  std::map<std::string, DocumentPtr> found_;
};

void list(Services& services, const Kind& kind, Call call) {
  Query query(call);
  Wanted wanted;
  const auto state = query.maybe_text("state");
  const auto of = query.maybe_text(kind->filter);
  const auto cursor = query.maybe_text("cursor");
  wanted.limit = static_cast<std::size_t>(query.maybe_integer("limit", 1, kMaxPage).value_or(100));
  if (state && !is_request_state(*state) && !is_among(kind->states, *state))
    query.fail_at("state", "has no such choice");
  if (of && of->empty()) query.fail_at(kind->filter, "is empty");
  if (cursor && (cursor->empty() || cursor->size() > kMaxCursorBytes))
    query.fail_at("cursor", "is none of ours");
  if (const auto& error = query.finish()) return refuse_call(call, *error);
  wanted.state = state.value_or("");
  wanted.of = of.value_or("");
  wanted.after = cursor.value_or("");
  on_worker(services, std::move(call), [&services, kind, wanted](Call& on) {
    Page page(*kind, wanted);
    if (const auto read = page.read(services.book); !read) return refuse_call(on, read.error());
    JsonWriter out;
    out.begin_object();
    const auto written = page.write(out, services.book);
    if (!written) return refuse_call(on, written.error());
    out.end_object();
    on.reply(json_response(200, out.take()));
  });
}

void approve(Services& services, const Kind& kind, Call call) {
  if (!call.request.body.empty()) {
    Body body(call);
    if (const auto& error = body.finish()) return refuse_call(call, *error);
  }
  on_worker(services, std::move(call), [&services, kind](Call& on) {
    const std::string& id = on.path.at("id");
    const auto request = find_approval(services.book, kind->requests, id);
    if (request && request->state == RequestState::kRequested)
      if (const auto checked = kind->check(*request); !checked)
        return refuse_call(on, checked.error());
    kind->carry_out(approve_request(on, kind->requests, kind->command, kind->accept, Again::kFound),
                    on);
  });
}

void ask_here(Services& services, const Kind& kind, Call& call) {
  Body body(call);
  const std::string id = request_id(call, kind->letter);
  auto read = kind->read(body.root(), id, claim_of(call));
  if (const auto& error = body.finish()) return refuse_call(call, *error);
  if (!read) return refuse_call(call, read.error());
  Asking& asking = read.value();
  // One that stands already is owed its first answer, whatever the channel would say today.
  if (!services.book.document(kind->requests, id)) {
    ApprovalRequest looked_at;
    looked_at.id = id;
    looked_at.body = asking.body;
    if (const auto checked = kind->check(looked_at); !checked)
      return refuse_call(call, checked.error());
  }
  ask_for(services, std::move(call), kind->requests, id, std::move(asking));
}

// A payee that nobody has named before is given a key, and that is synced.
void ask(Services& services, const Kind& kind, Call call) {
  on_worker(services, std::move(call),
            [&services, kind](Call& on) { ask_here(services, kind, on); });
}

void describe(Router& router, const RequestKind& kind) {
  describe_requested(router);
  describe_decisions(router);
  const std::string& name = kind.schema;
  router.describe(name + "RequestBody", kind.asked);
  router.describe(name + "Request", std::string(kRequestMembers) + kind.shown);
  router.describe(name + "View", fmt::format("request?:{}Request {}?:{}", name, kind.noun, name));
  router.describe(name + "List",
                  fmt::format("{}s:[{}View] next_cursor:string|null", kind.noun, name));
}

}  // namespace

void add_approval_routes(Router& router, Services& services, RequestKind given) {
  describe(router, given);
  const auto kind = std::make_shared<const RequestKind>(std::move(given));
  using Handler = void (*)(Services&, const Kind&, Call);
  const auto with = [&services, kind](Handler handler) {
    return [&services, kind, handler](Call call) { handler(services, kind, std::move(call)); };
  };
  router.add(
      {.method = "POST",
       .pattern = kind->path,
       .allowed = {Role::kMaker},
       .writes = true,
       .summary = fmt::format("Asks for a {}; no money moves yet", kind->noun),
       .handle = with(ask),
       .doc = {.request = kind->schema + "RequestBody", .answer = "Requested", .status = 201}});
  router.add({.method = "GET",
              .pattern = kind->path,
              .allowed = kHouse,
              .summary = fmt::format("Requests and {}s, by number", kind->noun),
              .handle = with(list),
              .doc = {.answer = kind->schema + "List",
                      .query = fmt::format("state?:=requested|approved|rejected|{} {}?:string "
                                           "limit?:integer cursor?:string",
                                           kind->states, kind->filter)}});
  router.add({.method = "GET",
              .pattern = kind->path + "/{id}",
              .allowed = kHouse,
              .summary = fmt::format("A {} and the request that it came from", kind->noun),
              .handle = with(get),
              .doc = {.answer = kind->schema + "View"}});
  router.add({.method = "POST",
              .pattern = kind->path + "/{id}/approve",
              .allowed = {Role::kChecker},
              .writes = true,
              .summary = fmt::format(
                  "Approves a request of somebody else: the {} is accepted with it", kind->noun),
              .handle = with(approve),
              .doc = {.request = "Empty", .answer = kind->schema}});
  router.add({.method = "POST",
              .pattern = kind->path + "/{id}/reject",
              .allowed = {Role::kMaker, Role::kChecker},
              .writes = true,
              .summary = "Rejects a request, or takes one's own back",
              .handle = [&services, requests = kind->requests](
                            Call call) { reject_request(services, std::move(call), requests); },
              .doc = {.request = "RejectRequest", .answer = "Rejected"}});
}

}  // namespace suanpan::api::v1
