/// States by key. They lie in one array, so that changing one moves no other.
package struct StateTable<Key: Hashable & Sendable, State: Sendable & Equatable>: Sendable,
  Equatable
{
  package private(set) var keys: [Key] = []
  package var states: [State] = []
  private var index: [Key: Int] = [:]

  package init() {}

  package func find(_ key: Key) -> Int? { index[key] }

  package subscript(_ key: Key) -> State? { index[key].map { states[$0] } }

  package mutating func insert(_ key: Key, _ state: State) -> Int {
    assert(index[key] == nil)
    keys.append(key)
    states.append(state)
    index[key] = keys.count - 1
    return keys.count - 1
  }

  /// Order of insertion is no part of what a table says.
  package static func == (a: Self, b: Self) -> Bool {
    a.keys.count == b.keys.count && a.keys.allSatisfy { a[$0] == b[$0] }
  }
}
