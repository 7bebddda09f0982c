// How the WeChat side says no: the `{code, message}` body of API v3 with its HTTP status. The
// table of codes is in the README of this folder.
#pragma once
#include <string>

#include "ledger/base/result.h"

namespace suanpan::sandbox {

struct ApiError {
  int status = 500;
  std::string code;
  std::string message;
};

template <class T>
using ApiResult = Result<T, ApiError>;

inline ApiError param_error(std::string message) {
  return {400, "PARAM_ERROR", std::move(message)};
}
inline ApiError invalid_request(std::string message) {
  return {400, "INVALID_REQUEST", std::move(message)};
}

}  // namespace suanpan::sandbox
