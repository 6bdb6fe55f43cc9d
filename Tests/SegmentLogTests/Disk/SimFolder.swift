/// A folder of the simulated disk: names as processes see them, and as they lie on the disk.
final class SimFolder {
  enum Entry {
    case file(SimFile)
    case folder(SimFolder)
  }

  private enum Change {
    case add(String, Entry)
    case remove(String)
    case rename(String, to: String, Entry)
  }

  private(set) var entries: [String: Entry] = [:]
  private var disk: [String: Entry] = [:]
  private var unsynced: [Change] = []

  init() {}

  /// With copies of all files below; each file has one name, so none is copied twice.
  init(copying other: SimFolder) {
    var copies: [ObjectIdentifier: Entry] = [:]
    func copy(_ entry: Entry) -> Entry {
      let id = entry.id
      if let known = copies[id] { return known }
      let made: Entry =
        switch entry {
        case .file(let file): .file(SimFile(copying: file))
        case .folder(let folder): .folder(SimFolder(copying: folder))
        }
      copies[id] = made
      return made
    }
    entries = other.entries.mapValues(copy)
    disk = other.disk.mapValues(copy)
    unsynced = other.unsynced.map { change in
      switch change {
      case .add(let name, let entry): .add(name, copy(entry))
      case .remove(let name): .remove(name)
      case .rename(let from, let to, let entry): .rename(from, to: to, copy(entry))
      }
    }
  }

  func add(_ name: String, _ entry: Entry) { make(.add(name, entry)) }
  func remove(_ name: String) { make(.remove(name)) }
  func rename(_ name: String, to other: String) {
    guard let entry = entries[name] else { return }
    make(.rename(name, to: other, entry))
  }

  private func make(_ change: Change) {
    SimFolder.apply(change, to: &entries)
    unsynced.append(change)
  }

  private static func apply(_ change: Change, to entries: inout [String: Entry]) {
    switch change {
    case .add(let name, let entry): entries[name] = entry
    case .remove(let name): entries[name] = nil
    case .rename(let name, let other, let entry):
      entries[name] = nil
      entries[other] = entry
    }
  }

  func sync() {
    disk = entries
    unsynced = []
  }

  /// The power goes: of what was not synced any part is there, later changes without earlier ones
  /// too; a rename is there or not.
  func losePower(_ random: inout SplitMix) {
    for change in unsynced where random.oneIn(2) { SimFolder.apply(change, to: &disk) }
    entries = disk
    unsynced = []
    for entry in sorted { if case .folder(let folder) = entry.entry { folder.losePower(&random) } }
    for entry in sorted { if case .file(let file) = entry.entry { file.losePower(&random) } }
  }

  /// The power goes, and nothing that was not synced is there.
  func dropUnsynced() {
    entries = disk
    unsynced = []
    for entry in sorted {
      switch entry.entry {
      case .file(let file): file.dropUnsynced()
      case .folder(let folder): folder.dropUnsynced()
      }
    }
  }

  /// All below is as it is for good.
  func syncAll() {
    sync()
    for entry in entries.values {
      switch entry {
      case .file(let file): file.sync()
      case .folder(let folder): folder.syncAll()
      }
    }
  }

  func evict() {
    for entry in entries.values {
      switch entry {
      case .file(let file): file.evict()
      case .folder(let folder): folder.evict()
      }
    }
  }

  /// By name: a dictionary's own order is another one in each process.
  var sorted: [(name: String, entry: Entry)] {
    entries.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
  }
}

extension SimFolder.Entry {
  fileprivate var id: ObjectIdentifier {
    switch self {
    case .file(let file): ObjectIdentifier(file)
    case .folder(let folder): ObjectIdentifier(folder)
    }
  }
}
