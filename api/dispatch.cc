#include "api/dispatch.h"

#include <chrono>
#include <mutex>
#include <typeinfo>
#include <unordered_map>

#include "api/keys.h"
#include "api/metrics.h"
#include "api/problem.h"
#include "ledger/base/log.h"

namespace suanpan::api {
namespace {

using Steady = std::chrono::steady_clock;
using Variables = std::map<std::string, std::string, std::less<>>;

/// Keys as they were last read, so that a call does not unseal its secret anew. A key document that
/// has moved on (roles, withdrawal) is seen by its version at once.
class KeyCache {
 public:
  Result<std::shared_ptr<const StoredKey>> find(const Services& services, const std::string& id) {
    const DocumentPtr document = services.book.document(DocumentKind::kApiKey, id);
    if (!document) return std::shared_ptr<const StoredKey>{};
    {
      const std::lock_guard lock(mutex_);
      const auto known = keys_.find(id);
      if (known != keys_.end() && known->second.version == document->version)
        return known->second.key;
    }
    TRY(auto stored, find_key(services.book, services.vault, id));
    if (!stored) return std::shared_ptr<const StoredKey>{};
    auto key = std::make_shared<const StoredKey>(std::move(*stored));
    const std::lock_guard lock(mutex_);
    if (keys_.size() >= kMaxKeys) keys_.clear();
    // The document may have been replaced since `document` was read: then the older version stays
    // on record and the next call reads again.
    keys_[id] = Known{document->version, key};
    return key;
  }

 private:
  static constexpr std::size_t kMaxKeys = 10'000;
  struct Known {
    std::uint32_t version;
    std::shared_ptr<const StoredKey> key;
  };
  std::mutex mutex_;
  std::unordered_map<std::string, Known> keys_;
};

/// Who calls, or the problem that says why not.
using Verdict = Result<Principal, Problem>;

Result<std::optional<Variables>> read_query(std::string_view query, bool strict) {
  const auto pairs = parse_form(query);
  if (!pairs) return fail(Errc::kMalformed, "the query has a broken escape");
  Variables variables;
  for (const auto& [name, value] : *pairs) {
    if (!variables.emplace(name, value).second && strict)
      return fail(Errc::kMalformed, "the query names a parameter twice");
  }
  return std::optional(std::move(variables));
}

class Dispatch {
 public:
  Dispatch(const Router& router, Services& services) : router_(router), services_(services) {}

  void handle(HttpRequest&& request, HttpServer::Reply reply) {
    const std::string target = request.target;
    HttpServer::Reply counted = reply;
    try {
      const std::string path(request.path());
      Router::Match match = router_.match(request.method, path);
      counted = count(request.method, match.route, std::move(reply));
      if (!match.route) return counted(unmatched(match, path, target));
      serve(std::move(request), std::move(match), counted);
    } catch (const std::exception& error) {
      log_error("the handler of {} threw: {}", target.substr(0, target.find('?')),
                typeid(error).name());
      counted(render(problem_of(fail(Errc::kIo, "exception")), target));
    } catch (...) {
      log_error("the handler of {} threw", target.substr(0, target.find('?')));
      counted(render(problem_of(fail(Errc::kIo, "exception")), target));
    }
  }

 private:
  HttpServer::Reply count(std::string method, const Route* route, HttpServer::Reply reply) {
    const std::string pattern = route ? route->pattern : "none";
    return [reply = std::move(reply), method = std::move(method), pattern, start = Steady::now(),
            &metrics = services_.metrics](HttpResponse response) {
      const std::chrono::duration<double> took = Steady::now() - start;
      metrics.observe(method, pattern, response.status, took.count());
      if (const auto refusal = response.headers.find(kRefusalHeader)) metrics.refused(*refusal);
      reply(std::move(response));
    };
  }

  HttpResponse unmatched(const Router::Match& match, const std::string& path,
                         const std::string& target) const {
    if (!match.path_known) return render(no_such_route(), target);
    HttpResponse response = render(method_not_allowed(), target);
    response.headers.set("Allow", router_.allowed_methods(path));
    return response;
  }

  void serve(HttpRequest&& request, Router::Match match, const HttpServer::Reply& reply) {
    const Route& route = *match.route;
    const bool is_signed = route.access == Access::kSigned;
    Call call;
    if (is_signed) {
      auto verdict = authenticate(request, route);
      if (!verdict) return reply(render(verdict.error(), request.target));
      call.principal = std::move(verdict.value());
    }
    auto query = read_query(request.query(), is_signed);
    if (!query) return reply(render(problem_of(query.error()), request.target));
    if (is_signed && route.writes) {
      const auto key = request.headers.find("Idempotency-Key");
      if (!key || request.headers.count("Idempotency-Key") != 1)
        return reply(render(idempotency_key_missing(), request.target));
      if (!valid_idempotency_key(*key))
        return reply(render(problem_of(fail(Errc::kMalformed,
                                            "Idempotency-Key must be 1 to 64 visible ASCII "
                                            "characters")),
                            request.target));
    }
    call.query = std::move(*query.value());
    call.path = std::move(match.path);
    call.request = std::move(request);
    call.reply = reply;
    route.handle(std::move(call));
  }

  Verdict authenticate(const HttpRequest& request, const Route& route) {
    const auto credentials = read_credentials(request);
    if (!credentials) return problem_of(credentials.error());
    const Credentials& claimed = credentials.value();
    auto found = keys_.find(services_, claimed.key_id);
    if (!found) {
      log_error("key {} cannot be read: {}", claimed.key_id, found.error().message);
      return problem_of(fail(Errc::kCorrupt, "key"));
    }
    const auto key = std::move(found.value());
    if (!key) return problem_of(AuthFailure::kUnknownKey);
    const Timestamp now = services_.real.now();
    const auto checked = check_request(request, claimed, key->record, now);
    if (!checked) return problem_of(checked.error());
    if (!key->record.roles.has_any(route.allowed)) return problem_of(AuthFailure::kForbidden);
    if (const std::int64_t wait_ms = services_.limits.take(claimed.key_id, now); wait_ms > 0)
      return rate_limited(wait_ms);
    const auto nonce =
        services_.nonces.accept(claimed.key_id, claimed.nonce, claimed.timestamp, now);
    if (!nonce) {
      if (nonce.error().code != Errc::kUnavailable)
        log_error("the nonce store does not accept: {}", nonce.error().message);
      return problem_of(nonce.error());
    }
    switch (nonce.value()) {
      case NonceVerdict::kFresh:
        break;
      case NonceVerdict::kReplayed:
        return problem_of(AuthFailure::kReplayed);
      case NonceVerdict::kTooOld:
        return problem_of(AuthFailure::kStale);
    }
    return Principal{key->record.key_id, key->record.roles, key->caller, reach_on(route, *key)};
  }

  // What lets a key in decides how far it reaches: a role of the house the whole book, upstream the
  // key's own scope. So a maker that is also an upstream places orders for its merchants only.
  static const std::shared_ptr<const Reach>& reach_on(const Route& route, const StoredKey& key) {
    const Roles house = route.allowed.without(Role::kUpstream);
    return key.record.roles.has_any(house) ? Reach::whole_book() : key.reach;
  }

  const Router& router_;
  Services& services_;
  KeyCache keys_;
};

}  // namespace

bool valid_idempotency_key(std::string_view key) {
  if (key.empty() || key.size() > 64) return false;
  return std::all_of(key.begin(), key.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

HttpServer::Handler make_dispatch(const Router& router, Services& services) {
  auto dispatch = std::make_shared<Dispatch>(router, services);
  return [dispatch](HttpRequest&& request, HttpServer::Reply reply) {
    dispatch->handle(std::move(request), std::move(reply));
  };
}

}  // namespace suanpan::api
