// An outbound request's bytes. Pure.
#pragma once
#include <string>

#include "channels/url.h"
#include "ledger/base/http_message.h"
#include "ledger/base/result.h"

namespace suanpan::channels {

/// The request as it goes on the wire to `url`'s origin; its target is the URL's if it has none.
/// Host and Content-Length are set here, and what the request says of them, of Transfer-Encoding
/// and of Connection is left out. Errors: kMalformed for what cannot be a request, or could be read
/// as two.
Result<std::string> encode_request(const HttpRequest& request, const Url& url);

}  // namespace suanpan::channels
