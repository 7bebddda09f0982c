// When what is gathered is stored: with the rest where accounts are few, less often where they are
// many; and what a crash leaves in between is whole again once the journal was fed.
#include "ledger/engine/projector.h"

#include <catch2/catch.hpp>
#include <thread>

#include "tests/support/journal_maker.h"
#include "tests/support/memory_store.h"

using namespace suanpan;

namespace {

constexpr std::size_t kBatch = 16;  // records

// Account 1 pays the others in turn, a fen each, sixteen records a block.
struct Paper {
  std::vector<BlockPtr> blocks;
  std::uint32_t accounts;

  Paper(std::uint32_t count, int transfer_blocks) : accounts(count) {
    test::JournalMaker maker;
    for (std::uint32_t id = 1; id <= accounts; ++id) {
      ChangeSet changes;
      changes.date = Date{20'516};
      Account account;
      account.id = AccountId{id};
      account.code = "2101/" + std::to_string(id);
      account.normal = Side::kCredit;
      account.version = 1;
      changes.accounts.push_back(account);
      maker.add(changes, CommandKind::kOpenAccount);
    }
    seal(maker);
    std::uint32_t next = 1;
    for (int b = 0; b < transfer_blocks; ++b) {
      for (std::size_t i = 0; i < kBatch; ++i) {
        next = next == accounts ? 2 : next + 1;
        ChangeSet changes;
        changes.date = Date{20'516};
        changes.transfers.push_back(Transfer{AccountId{1}, AccountId{next}, 1});
        maker.add(changes, CommandKind::kPayout);
      }
      seal(maker);
    }
  }
  void seal(test::JournalMaker& maker) {
    blocks.push_back(std::move(Block::parse(maker.seal()).value()));
  }
};

std::uint64_t stamp(const KeyValueStore& store, Table table) {
  return read_stamp(store, table).value();
}

// Feeds one block and waits until all but the accounts is stored.
void feed(Projector& projector, const MemoryStore& store, const BlockPtr& block) {
  projector.push(block);
  for (int i = 0; i < 5'000 && stamp(store, Table::kIds) < block->last_seq(); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  REQUIRE(stamp(store, Table::kIds) == block->last_seq());
}

struct Running {
  MemoryStore store;
  Projector projector{store};
  explicit Running(const Paper& paper) {
    REQUIRE(projector.load());
    projector.start(
        kBatch, [](const std::vector<DocumentPtr>&) {}, [](const Error& e) { FAIL(e.message); });
    projector.push(paper.blocks.front());
    projector.store_now();
  }
  ~Running() { projector.stop(); }
};

}  // namespace

TEST_CASE("projector: few accounts are stored with every batch") {
  const Paper paper(2, 6);
  Running running(paper);
  for (std::size_t b = 1; b < paper.blocks.size(); ++b) {
    feed(running.projector, running.store, paper.blocks[b]);
    CHECK(stamp(running.store, Table::kAccounts) == paper.blocks[b]->last_seq());
  }
}

TEST_CASE("projector: many accounts wait for four batches, and for whoever wants all stored") {
  const Paper paper(400, 7);
  Running running(paper);
  const auto end = [&](std::size_t block) { return paper.blocks[block]->last_seq(); };
  for (std::size_t b = 1; b <= 7; ++b) {
    INFO("block " << b);
    feed(running.projector, running.store, paper.blocks[b]);
    const std::uint64_t accounts = stamp(running.store, Table::kAccounts);
    CHECK(accounts == end(b < 4 ? 0 : 4));
    CHECK(stamp(running.store, Table::kEntries) == accounts);
    CHECK(stamp(running.store, Table::kRollUps) == accounts);
  }
  running.projector.store_now();
  CHECK(stamp(running.store, Table::kAccounts) == end(7));
}

TEST_CASE("projector: what a crash leaves between two batches is fed again, each entry once") {
  const Paper paper(400, 6);
  for (std::size_t crash = 1; crash <= 6; ++crash) {
    INFO("after block " << crash);
    std::unique_ptr<MemoryStore> left;
    {
      Running running(paper);
      for (std::size_t b = 1; b <= crash; ++b)
        feed(running.projector, running.store, paper.blocks[b]);
      left = running.store.image();
    }
    Projector again(*left);
    REQUIRE(again.load());
    CHECK(again.stamp() == paper.blocks[crash < 4 ? 0 : 4]->last_seq());
    for (const BlockPtr& block : paper.blocks)
      if (block->last_seq() > again.stamp()) again.catch_up(block);
    const auto rows = again.accounts().rows();
    REQUIRE(rows.size() == 400);
    CHECK(rows[0].balance.debits_posted == 96);  // six blocks of sixteen
    for (std::uint32_t i = 1; i < 400; ++i)
      CHECK(rows[i].balance.credits_posted == (i <= 96 ? 1 : 0));
    const auto entries = again.accounts().entries(AccountId{1}, {}, ~std::uint64_t{0}, 1000);
    REQUIRE(entries);
    CHECK(entries.value().size() == 96);
    for (const BlockPtr& block : paper.blocks)
      for (std::size_t i = 0; i < block->record_count(); ++i) {
        const auto found = again.ids().find(block->records()[i].key());
        REQUIRE(found);
        CHECK(found.value() == block->records()[i].seq);
      }
  }
}
