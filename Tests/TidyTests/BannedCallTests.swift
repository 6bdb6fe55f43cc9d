import Testing

/// Calls that have no place in Sources, and what stands in theirs.
enum BannedCalls {
  struct Banned: Sendable {
    let text: String
    let instead: String
    /// Modules in which it is right.
    var allowed: Set<String> = []
  }

  static let all = [
    Banned(text: "try!", instead: "throw on, or say in a precondition why it can't fail"),
    Banned(text: "as!", instead: "`as?`, and what is to happen where it is something else"),
    Banned(text: "fatalError(", instead: "preconditionFailure, with the promise that was broken"),
    Banned(
      text: "print(",
      instead: "a Logger; in the program StandardOutput, which notices a closed pipe",
      allowed: ["Daybook"]),
    Banned(
      text: "DispatchQueue",
      instead:
        "an event loop, LogThread or SessionThreads: libdispatch looks through /proc while work "
        + "waits, and ends a process that has no file left for it"),
    Banned(
      text: "Task.sleep",
      instead: "Pauses, or a loop's timer: a sleeping task lies in libdispatch's queues",
      allowed: ["Daybook", "DaybookFeed", "Importing"]),
    Banned(text: "NSLock", instead: "NIOLockedValueBox, which has what it guards inside"),
    Banned(
      text: "Data(contentsOf", instead: "FileSystem, where faults can be injected",
      allowed: ["Importing", "Bench"]),
  ]

  static func violations(in file: SourceFile) -> [String] {
    SwiftCode(file.text).lines.enumerated().flatMap { index, line in
      all.filter { !$0.allowed.contains(file.module) && calls($0.text, in: line) }.map {
        "\(file.path):\(index + 1): no \($0.text) here; take \($0.instead)"
      }
    }
  }

  /// As a word of its own.
  private static func calls(_ text: String, in line: String) -> Bool {
    var rest = line[...]
    while let range = rest.firstRange(of: text) {
      let before = rest[..<range.lowerBound].last
      if !(before.map { $0.isLetter || $0.isNumber || $0 == "_" || $0 == "." } ?? false) {
        return true
      }
      rest = rest[range.upperBound...]
    }
    return false
  }
}

/// What is said to be Sendable though the compiler can't see it.
enum UncheckedSendable {
  static let reason = "`@unchecked Sendable`:"

  static func violations(in file: SourceFile) -> [String] {
    let lines = file.text.split(separator: "\n", omittingEmptySubsequences: false)
    return SwiftCode(file.text).lines.enumerated().compactMap { index, line in
      guard line.contains("@unchecked Sendable") else { return nil }
      let comment = lines[..<index].reversed().prefix {
        $0.drop { $0 == " " }.hasPrefix("///")
      }
      if comment.contains(where: { $0.contains(reason) }) { return nil }
      return "\(file.path):\(index + 1): its comment has to say why: write \"\(reason) …\""
    }
  }
}

@Suite("calls and claims")
struct BannedCallTests {
  @Test("no source calls what is banned")
  func calls() throws {
    for file in try Repository.swiftFiles(below: "Sources") {
      for violation in BannedCalls.violations(in: file) { Issue.record("\(violation)") }
    }
  }

  @Test("whatever is Sendable unchecked says why")
  func unchecked() throws {
    for file in try Repository.swiftFiles(below: "Sources") {
      for violation in UncheckedSendable.violations(in: file) { Issue.record("\(violation)") }
    }
  }

  @Test(
    "a banned call is found, and what only looks like one is not",
    arguments: [
      ("let a = try! b()", true), ("print(a)", true), ("  print(a)", true),
      ("printToStandardError(a)", false), ("// print(a)", false), ("let a = \"print(b)\"", false),
      ("device.print(a)", false), ("try? await Task.sleep(for: a)", true),
    ])
  func found(line: String, isBanned: Bool) {
    let file = SourceFile(path: "Sources/Gateway/X.swift", text: "import NIOCore\n\(line)\n")
    #expect(BannedCalls.violations(in: file).isEmpty == !isBanned)
    let program = SourceFile(path: "Sources/Daybook/X.swift", text: line)
    // Which has a `print` of its own here and there, and may wait.
    let mayDo = line.contains("sleep") || line.contains("print")
    #expect(BannedCalls.violations(in: program).isEmpty == (!isBanned || mayDo))
  }

  @Test("an unchecked claim without its reason is found")
  func claims() {
    let bare = "/// A box.\nfinal class Box: @unchecked Sendable {}\n"
    let reasoned = "/// A box.\n///\n/// `@unchecked Sendable`: locked.\n" + bare.dropFirst(11)
    #expect(
      UncheckedSendable.violations(in: SourceFile(path: "Sources/X/X.swift", text: bare)).count == 1
    )
    #expect(
      UncheckedSendable.violations(
        in: SourceFile(path: "Sources/X/X.swift", text: reasoned)
      ).isEmpty)
  }
}
