// What the posting workloads send: vouchers of one transfer, with an id and a code, one in ten with
// a business key. Deterministic from the seed.
#pragma once
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "ledger/engine/book.h"

namespace suanpan::bench {

enum class IdOrder : std::uint8_t { kRising, kRandom };

struct LoadOptions {
  std::size_t batch = 8192;
  std::uint32_t accounts = 10'000;
  unsigned hot_percent = 0;  ///< share of transfers that touch account 1
  double zipf = 0;           ///< 0: uniform
  IdOrder ids = IdOrder::kRising;
  std::uint32_t caller = 100;
};

/// Makes batches. One owner.
class Load {
 public:
  explicit Load(const LoadOptions& options) : o_(options), seed_(42 + options.caller) {
    if (o_.zipf > 0) draw_zipf();
  }

  VoucherRequest voucher(std::uint64_t n, bool hold = false) {
    VoucherRequest v;
    v.key = key(n);
    const std::uint64_t dice = next();
    const std::uint32_t debit = dice % 100 < o_.hot_percent ? 1 : account(dice >> 8);
    std::uint32_t credit = account(next());
    if (credit == debit) credit = debit % o_.accounts + 1;
    v.legs.push_back(Leg{AccountId{debit}, AccountId{credit},
                         static_cast<std::int64_t>((dice >> 40) % 10'000) + 1});
    v.code = 1;
    v.hold = hold;
    if (n % 10 == 0) {
      auto text = std::make_shared<VoucherText>();
      text->business_key = "B000000000000000";
      std::uint64_t rest = n;
      for (std::size_t i = text->business_key.size(); --i > 0; rest /= 10)
        text->business_key[i] = static_cast<char>('0' + rest % 10);
      v.text = std::move(text);
    }
    return v;
  }
  std::vector<VoucherRequest> batch(std::uint64_t first, std::uint64_t count, bool hold = false) {
    std::vector<VoucherRequest> batch;
    batch.reserve(count);
    for (std::uint64_t n = first; n < first + count; ++n) batch.push_back(voucher(n, hold));
    return batch;
  }
  /// The id of the nth voucher: rising, or a bijection of n that looks random.
  ClaimKey key(std::uint64_t n) const {
    const CallerId caller{o_.caller};
    if (o_.ids == IdOrder::kRandom) return {Id128{mix64(n + 1), mix64(~n)}, caller};
    return {Id128{2, n + 1}, caller};
  }
  std::uint64_t next() { return mix64(seed_ += 0x9e3779b97f4a7c15); }

 private:
  std::uint32_t account(std::uint64_t dice) {
    if (o_.zipf > 0) return drawn_[dice % drawn_.size()];
    return static_cast<std::uint32_t>(dice % o_.accounts) + 1;
  }
  // Four million draws by inverting the cumulative weights; ranks are spread over the account
  // numbers, so that neighbours are not alike.
  void draw_zipf() {
    std::vector<double> sums(o_.accounts);
    double sum = 0;
    for (std::uint32_t rank = 0; rank < o_.accounts; ++rank)
      sums[rank] = sum += std::pow(1.0 + rank, -o_.zipf);
    drawn_.resize(std::size_t{1} << 22);
    for (std::uint32_t& drawn : drawn_) {
      const double at = static_cast<double>(next() >> 11) * 0x1p-53 * sum;
      const auto rank =
          static_cast<std::uint64_t>(std::lower_bound(sums.begin(), sums.end(), at) - sums.begin());
      drawn = static_cast<std::uint32_t>(rank * 2'654'435'761ULL % o_.accounts) + 1;
    }
  }
  LoadOptions o_;
  std::uint64_t seed_;
  std::vector<std::uint32_t> drawn_;
};

}  // namespace suanpan::bench
