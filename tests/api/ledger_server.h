// The routes of accounts, vouchers, holds and statements on a server with three accounts.
#pragma once
#include <string>
#include <vector>

#include "api/v1/routes.h"
#include "tests/support/api_server.h"

namespace suanpan::test {

inline const std::vector<ApiServer::Adder> kLedgerRoutes{
    api::v1::add_account_routes, api::v1::add_voucher_routes, api::v1::add_hold_routes,
    api::v1::add_statement_routes, api::v1::add_authority_routes};

/// A bank account and two merchants, the first not below zero.
struct LedgerServer : ApiServer {
  explicit LedgerServer(std::size_t queue_items = 65536)
      : ApiServer(kLedgerRoutes, {}, {1'000'000, 1'000'000}, queue_items) {
    open("1002/工行", "asset");
    open("2101/M1", "liability", R"(,"limit":"not_below_zero")");
    open_unlimited("2101/M2");
  }
};

inline std::string voucher(const std::string& debit, const std::string& credit,
                           const std::string& amount, const std::string& more = "") {
  return fmt::format(R"({{"legs":[{{"debit":"{}","credit":"{}","amount":{}}}]{}}})", debit, credit,
                     amount, more);
}
inline const std::string kDeposit = voucher("1002/工行", "2101/M1", "1000");

}  // namespace suanpan::test
