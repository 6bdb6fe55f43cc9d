/// Which folders of a module use which, as far as names tell: a name that one folder alone declares,
/// and that a file of another says. What is private to a file, and what is only passed on without
/// its name, is not seen.
struct FolderGraph {
  struct Use: Equatable {
    var path: String
    var line: Int
    var name: String
  }

  /// Files that lie in the module's folder itself.
  static let ground = "."

  /// By who uses, then by what is used.
  private(set) var uses: [String: [String: [Use]]] = [:]

  /// Files of one module.
  init(files: [SourceFile]) {
    let read = files.map { (file: $0, names: DeclaredNames($0.text)) }
    let homes = FolderGraph.homes(read.map { ($0.file.moduleFolder, $0.names) })
    for (file, names) in read {
      for (line, word) in names.words where !names.own.contains(word.text) {
        guard let home = homes[word.key], home != file.moduleFolder else { continue }
        uses[file.moduleFolder, default: [:]][home, default: []].append(
          Use(path: file.path, line: line, name: word.text))
      }
    }
  }

  /// The folder of each name that one folder alone declares.
  private static func homes(
    _ files: [(folder: String, names: DeclaredNames)]
  ) -> [DeclaredNames.Key: String] {
    var folders: [DeclaredNames.Key: Set<String>] = [:]
    for (folder, names) in files {
      for key in names.shown { folders[key, default: []].insert(folder) }
    }
    // A member's name says nothing where others have one of the same name.
    let others = Set(files.flatMap { $0.names.otherMembers })
    return folders.compactMapValues { $0.count == 1 ? $0.first : nil }.filter {
      $0.key.kind != .member || !others.contains($0.key.text)
    }
  }

  /// Folders each of which reaches each other, by name; each at least two.
  var circles: [[String]] {
    let reach = Dictionary(uniqueKeysWithValues: uses.keys.map { ($0, reachable(from: $0)) })
    var found: Set<[String]> = []
    for (folder, there) in reach where there.contains(folder) {
      found.insert(there.filter { reach[$0]?.contains(folder) == true }.sorted())
    }
    return found.sorted { $0[0] < $1[0] }
  }

  private func reachable(from folder: String) -> Set<String> {
    var seen: Set<String> = []
    var next = [folder]
    while let at = next.popLast() {
      for used in (uses[at] ?? [:]).keys where seen.insert(used).inserted { next.append(used) }
    }
    return seen
  }
}

extension FolderGraph {
  /// What to do about a circle, with an example of each use that makes it one.
  func explanation(of circle: [String], in module: String) -> String {
    var lines = [
      "the folders \(circle.joined(separator: ", ")) of \(module) use each other: none of them can be "
        + "read, tested or replaced without all the others; move what both need to a folder below "
        + "both, or hand it over as a value"
    ]
    for user in circle {
      for used in circle {
        guard let use = uses[user]?[used]?.first else { continue }
        lines.append("  \(user) uses \(used): \(use.name) at \(use.path):\(use.line)")
      }
    }
    return lines.joined(separator: "\n")
  }
}

extension SourceFile {
  /// Of `Sources/Gateway/Transport/Listener.swift`: `Transport`.
  var moduleFolder: String {
    let parts = path.split(separator: "/")
    return parts.count > 3 ? String(parts[2]) : FolderGraph.ground
  }
}

/// What a file declares at its top level and in extensions, and the words that it says.
struct DeclaredNames {
  enum Kind { case type, function, value, member }
  struct Key: Hashable {
    var kind: Kind
    var text: String
  }
  struct Word {
    var text: String
    var isMember: Bool
    var isCalled: Bool

    /// What it would be a use of.
    var key: Key {
      if isMember { return Key(kind: .member, text: text) }
      let isType = text.first?.isUppercase == true
      return Key(kind: isType ? .type : isCalled ? .function : .value, text: text)
    }
  }

  /// What other files can say.
  private(set) var shown: Set<Key> = []
  /// Members that are declared within types.
  private(set) var otherMembers: Set<String> = []
  /// Whatever is declared here: said here, it is this.
  private(set) var own: Set<String> = []
  private(set) var words: [(line: Int, word: Word)] = []

  private var depth = 0
  private var parentheses = 0
  private var inExtension = false
  private var isPrivate = false

  init(_ source: String) {
    for (index, line) in SwiftCode(source).lines.enumerated() {
      read(SwiftToken.tokens(of: line), line: index + 1)
    }
  }

  private mutating func read(_ tokens: [SwiftToken], line: Int) {
    isPrivate = false
    var last: Substring = ""
    for (index, token) in tokens.enumerated() {
      switch token.text {
      case "{": depth += 1
      case "}": depth -= 1
      case "(": parentheses += 1
      case ")": parentheses -= 1
      case "private", "fileprivate":
        // `private(set)` restricts a part of it.
        isPrivate = token.after != "("
      case "extension" where depth == 0: inExtension = true
      default: break
      }
      if SwiftToken.types.contains(token.text), depth == 0 { inExtension = false }
      guard token.isName else { continue }
      if token.before != ".", declares(last), index > 0 {
        declare(String(token.text), by: last)
      } else {
        words.append(
          (
            line,
            Word(
              text: String(token.text), isMember: token.before == ".",
              isCalled: token.after == "(" || token.after == "<")
          ))
      }
      last = token.text
    }
  }

  private func declares(_ word: Substring) -> Bool {
    SwiftToken.types.contains(word) || ["func", "let", "var", "case"].contains(word)
  }

  private mutating func declare(_ name: String, by word: Substring) {
    own.insert(name)
    let isType = SwiftToken.types.contains(word)
    if depth == 0, parentheses == 0 {
      let kind: Kind = isType ? .type : word == "func" ? .function : .value
      if !isPrivate { shown.insert(Key(kind: kind, text: name)) }
    } else if depth == 1, inExtension, parentheses == 0 {
      if !isPrivate { shown.insert(Key(kind: .member, text: name)) }
      if isType, !isPrivate { shown.insert(Key(kind: .type, text: name)) }
    } else {
      otherMembers.insert(name)
    }
  }
}
