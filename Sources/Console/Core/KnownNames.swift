import DaybookSDK

/// Users and groups that this session has met, for completion.
struct KnownNames {
  static let namesMax = 5_000

  private var users: Set<String> = []
  private var groups: Set<String> = []
  /// Something was added since it was taken last.
  private(set) var isChanged = true

  mutating func add(user: String) { add(user, to: \.users) }

  func has(user: String) -> Bool { users.contains(user) }

  mutating func add(_ conversation: Conversation) {
    switch conversation {
    case .user(let id): add(id, to: \.users)
    case .group(let id): add(id, to: \.groups)
    }
  }

  private mutating func add(_ name: String, to set: WritableKeyPath<KnownNames, Set<String>>) {
    guard !name.isEmpty, self[keyPath: set].count < KnownNames.namesMax else { return }
    if self[keyPath: set].insert(name).inserted { isChanged = true }
  }

  mutating func taken() -> (users: [String], groups: [String]) {
    isChanged = false
    return (users.sorted(), groups.sorted())
  }
}
