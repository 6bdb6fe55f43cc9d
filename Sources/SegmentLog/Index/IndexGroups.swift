/// Entries of many keys brought together by key: a table with open addressing gives each key a
/// number, and a counting sort puts the entries in place.
struct IndexGroups {
  struct Key {
    var key: UInt64
    var first: UInt32
    var count: UInt32
  }

  /// By ascending key; `first` and `count` say which of `entries` are a key's.
  private(set) var keys: [Key] = []
  /// A key's entries by ascending value.
  private(set) var entries: [IndexEntry] = []

  init(_ items: [(key: UInt64, entry: IndexEntry)]) {
    let groups = IndexGroups.number(items, keys: &keys)
    // Positions are given out in the order of keys.
    let order = keys.indices.sorted { keys[$0].key < keys[$1].key }
    var next = [Int](repeating: 0, count: keys.count)
    var at = 0
    for index in order {
      keys[index].first = UInt32(at)
      next[index] = at
      at += Int(keys[index].count)
    }
    entries = [IndexEntry](repeating: IndexEntry(value: 0, delta: 0), count: items.count)
    for (index, group) in groups.enumerated() {
      let place = next[Int(group)]
      entries[place] = items[index].entry
      next[Int(group)] = place + 1
    }
    keys = order.map { keys[$0] }
    sortWithinKeys()
  }

  /// The number of each item's key; keys in the order of their first item, counted.
  private static func number(
    _ items: [(key: UInt64, entry: IndexEntry)], keys: inout [Key]
  ) -> [UInt32] {
    var size = 1024
    while size < items.count * 2 { size *= 2 }
    let mask = size - 1
    // 0 is free, else a key's number plus 1. Keys are hashes already.
    var table = [UInt32](repeating: 0, count: size)
    var groups: [UInt32] = []
    groups.reserveCapacity(items.count)
    for item in items {
      var slot = Int(truncatingIfNeeded: item.key) & mask
      while table[slot] != 0 && keys[Int(table[slot] - 1)].key != item.key {
        slot = (slot + 1) & mask
      }
      if table[slot] == 0 {
        keys.append(Key(key: item.key, first: 0, count: 0))
        table[slot] = UInt32(keys.count)
      }
      let number = table[slot] - 1
      keys[Int(number)].count += 1
      groups.append(number)
    }
    return groups
  }

  /// A key's entries are in the order of offsets, which nearly always is that of values.
  private mutating func sortWithinKeys() {
    for key in keys {
      let range = Int(key.first)..<Int(key.first + key.count)
      var isSorted = true
      for index in range.dropFirst() where entries[index - 1].value > entries[index].value {
        isSorted = false
        break
      }
      if !isSorted {
        entries[range].sort { ($0.value, $0.delta) < ($1.value, $1.delta) }
      }
    }
  }
}
