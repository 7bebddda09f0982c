// Which request goes to which handler, and who may call it. The table of routes is data: openapi.cc
// describes it and a test holds the description against it.
//
// Built once, then immutable; thread-safe.
#pragma once
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "api/auth.h"
#include "api/http_server.h"
#include "ledger/core/voucher.h"

namespace suanpan::api {

/// Who calls, after authentication. For routes without it the defaults.
struct Principal {
  std::string key_id;
  Roles roles;
  CallerId caller;                                        ///< the ledger's number of the key
  std::shared_ptr<const Reach> reach = Reach::nothing();  ///< what this call may touch; never null
};

/// One call on its way through a handler.
struct Call {
  HttpRequest request;
  Principal principal;
  std::map<std::string, std::string, std::less<>> path;   ///< "{code}" → its decoded value
  std::map<std::string, std::string, std::less<>> query;  ///< decoded
  HttpServer::Reply reply;
};

enum class Access : std::uint8_t {
  kOpen,    ///< no authentication of ours: health, the cashier page, channels' notifications
  kSigned,  ///< the native API: Suanpan-* headers and a role
  kJeepay,  ///< signed in the body by an app
};

/// What /openapi.json says of a route beyond its place: names of schemas given to
/// Router::describe, and members in the same short notation (api/openapi.h).
struct RouteDoc {
  std::string request;                     ///< schema of the body; empty: none
  std::string answer;                      ///< schema of the answer of success; empty: not JSON
  int status = 200;                        ///< of success
  std::string query;                       ///< "account:string limit?:integer"
  std::string media = "application/json";  ///< of the answer
  std::string request_media;               ///< of a body that is not JSON, and has no schema
};

struct Route {
  std::string method;   ///< "GET"; kJeepay routes of query and close take any: "*"
  std::string pattern;  ///< "/v1/accounts/{code}"; a last "{rest...}" takes slashes too
  Access access = Access::kSigned;
  Roles allowed;        ///< kSigned only: any of these
  bool writes = false;  ///< needs an Idempotency-Key
  std::string summary;  ///< for /openapi.json
  std::function<void(Call)> handle;
  RouteDoc doc;
};

class Router {
 public:
  void add(Route route);
  struct Match {
    const Route* route = nullptr;  ///< null: none
    bool path_known = false;       ///< some route has this path, with another method
    std::map<std::string, std::string, std::less<>> path;
  };
  Match match(std::string_view method, std::string_view path) const;
  const std::vector<Route>& routes() const { return routes_; }
  /// The methods that a path has, for the Allow header: "GET, POST".
  std::string allowed_methods(std::string_view path) const;

  /// Names a schema, written in the short notation of api/openapi.h. Saying the same again is fine.
  void describe(std::string name, std::string members);
  const std::map<std::string, std::string>& schemas() const { return schemas_; }

 private:
  std::vector<Route> routes_;
  std::map<std::string, std::string> schemas_;
};

}  // namespace suanpan::api
