// Makes sealed journal blocks without an engine: what the store is given in its tests.
#pragma once
#include <string>

#include "ledger/store/block.h"

namespace suanpan::test {

class JournalMaker {
 public:
  /// Adds one accepted command to the block that is being gathered.
  Answer add(const ChangeSet& changes, CommandKind kind = CommandKind::kSetting) {
    static const Content kNothing;
    const CommandEnvelope command{next_key(), kind, &kNothing, nullptr, now_};
    now_.ns += 1'000'000;
    return builder_.accept(command, changes, stamper_);
  }
  Answer refuse(RefusalCode code) {
    static const Content kNothing;
    const CommandEnvelope command{next_key(), CommandKind::kSetting, &kNothing, nullptr, now_};
    now_.ns += 1'000'000;
    return builder_.refuse(command, suanpan::refuse(code), Date{20'516}, stamper_);
  }
  /// Seals what was gathered and begins the next block.
  std::string seal() {
    std::string bytes = builder_.seal(previous_);
    previous_ = sha256(std::string_view(bytes).substr(0, bytes.size() - 4));
    builder_ = BlockBuilder();
    return bytes;
  }
  /// A sealed block of `commands` vouchers between accounts 1 and 2.
  std::string block(int commands) {
    for (int i = 0; i < commands; ++i) {
      ChangeSet changes;
      changes.date = Date{20'516};
      changes.transfers.push_back(Transfer{AccountId{1}, AccountId{2}, 1});
      add(changes, CommandKind::kPayout);
    }
    return seal();
  }
  bool empty() const { return builder_.empty(); }
  const ClaimKey& last_key() const { return key_; }
  const Stamper& stamper() const { return stamper_; }

 private:
  ClaimKey next_key() {
    ++count_;
    key_ = ClaimKey{Id128{mix64(count_ + 0x5eed), count_},
                    CallerId{static_cast<std::uint32_t>(count_ % 3)}};
    return key_;
  }
  Stamper stamper_;
  BlockBuilder builder_;
  Sha256 previous_{};
  ClaimKey key_;
  std::uint64_t count_ = 0;
  Timestamp now_{1'000'000'000};
};

}  // namespace suanpan::test
