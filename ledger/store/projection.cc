#include "ledger/store/projection.h"

namespace suanpan {

Result<void> store_frozen(KeyValueStore& store, std::initializer_list<Projection*> projections) {
  const auto load = store.bulk_load();
  std::map<std::string, std::uint64_t> stamps;  // in the order of their keys
  for (Projection* projection : projections) {
    TRY(projection->collect(*load));
    projection->collect_stamps(stamps);
  }
  for (const auto& [key, seq] : stamps) {
    TRY(load->add(Table::kMeta, key, big_endian(seq)));
  }
  TRY(load->finish());
  for (Projection* projection : projections) projection->stored();
  return success();
}

}  // namespace suanpan
