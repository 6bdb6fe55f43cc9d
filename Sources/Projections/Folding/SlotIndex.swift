/// Finds slots by the hashes of their keys: a table of open addressing, in which a place holds half of
/// the hash beside the slot's number, so that hardly ever a slot is looked at that isn't the one.
struct SlotIndex {
  /// The upper half of a hash, and one more than the slot; zero where nothing is.
  private var places: ContiguousArray<UInt64>
  private(set) var count = 0

  /// With room for so many slots.
  init(room: Int = 0) {
    var size = 64
    while size < room * 2 { size *= 2 }
    places = ContiguousArray(repeating: 0, count: size)
  }

  /// One more would be found more slowly: make one with more room.
  var isFull: Bool { count * 2 >= places.count }

  /// `isWanted` looks at a slot whose hash has the same upper half.
  func find(_ hash: UInt64, _ isWanted: (Int) -> Bool) -> Int? {
    places.withUnsafeBufferPointer { places in
      let mask = places.count - 1
      var at = Int(truncatingIfNeeded: hash) & mask
      while places[at] != 0 {
        if places[at] >> 32 == hash >> 32 {
          let slot = Int(places[at] & 0xffff_ffff) - 1
          if isWanted(slot) { return slot }
        }
        at = (at + 1) & mask
      }
      return nil
    }
  }

  mutating func insert(_ hash: UInt64, _ slot: Int) {
    assert(!isFull, "a place is free")
    assert(slot < UInt32.max, "a slot's number has its half of a place")
    let mask = places.count - 1
    var at = Int(truncatingIfNeeded: hash) & mask
    while places[at] != 0 { at = (at + 1) & mask }
    places[at] = (hash & 0xffff_ffff_0000_0000) | UInt64(slot + 1)
    count += 1
  }
}
