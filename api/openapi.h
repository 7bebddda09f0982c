// /openapi.json: OpenAPI 3.1, generated from the router's table, so that it cannot name a route
// that is not there nor forget one that is.
//
// Schemas are given to Router::describe in a short notation, members apart by blanks:
//
//   members := (name ["?"] ":" type)*            "?": may be absent
//   type    := base ["|null"] | "=" word ("|" word)*      one of the words
//   base    := string | integer | boolean | date | date-time | any | amount | account
//            | Name (another schema) | "[" base "]"
//
// amount is an integer of minor units above zero; account is a code or a number. Objects are
// closed: a member that is not named is not there. Pure functions.
#pragma once
#include <string>
#include <string_view>

#include "api/router.h"

namespace suanpan::api {

/// The whole document; `server_url` may be empty.
std::string openapi_document(const Router& router, std::string_view server_url);
/// The JSON Schema of one set of members.
std::string schema_of(std::string_view members);

/// Adds GET /openapi.json, which describes every route of `router`, itself included. `router` must
/// outlive the server.
void add_openapi_route(Router& router, std::string server_url = {});

}  // namespace suanpan::api
