// The ledger as a library: a book, two accounts, a voucher, a refusal, a balance. Run it twice on
// one folder: the second time every answer is the first one again.
#include <cstdio>
#include <cstdlib>

#include "ledger/engine/book.h"

using namespace suanpan;

int main(int, char** argv) {
  const SystemClock clock;
  BookOptions options;
  options.folder = argv[1];
  options.create = true;  // where there is none yet
  options.first_date = *Date::of(2026, 3, 4);
  auto opened = Book::open(options, clock);
  if (!opened) return std::fprintf(stderr, "%s\n", opened.error().message.c_str()), 1;
  Book& book = *opened.value();
  const auto key = [](std::uint64_t n) { return ClaimKey{Id128{1, n}, CallerId{100}}; };
  const auto tell = [](const char* what, const Answer& a) {
    std::printf("%s: %s%s\n", what, a.accepted() ? "accepted" : name_of(a.refusal.code).data(),
                a.replayed ? ", as before" : "");
    return AccountId{static_cast<std::uint32_t>(std::atoi(a.answer.c_str()))};
  };
  const AccountTerms floor{LimitKind::kNotBelowZero};
  const AccountId bank =
      tell("bank", book.run(open_account({key(1), "1002", "工商银行", AccountType::kAsset})));
  const AccountId merchant = tell(
      "merchant",
      book.run(open_account({key(2), "2101/M1", "商户", AccountType::kLiability, {}, {}, floor})));
  VoucherRequest sale{key(3), {{bank, merchant, 12'30}}};  // 12.30 yuan
  tell("sale", book.run(sale));
  VoucherRequest payout{key(4), {{merchant, bank, 20'00}}};
  tell("payout of more than there is", book.run(payout));
  book.read([&](const State& state, std::uint64_t) {
    const Balance& balance = state.balance(merchant);
    std::printf("merchant has %s\n",
                format_major({balance.available(Side::kCredit), Currency::kCNY}).c_str());
  });
}
