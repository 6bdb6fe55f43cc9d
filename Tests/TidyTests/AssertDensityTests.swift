import Testing

/// How much of what is relied on is said, where positions, counts and durable points meet.
enum AssertDensity {
  /// Of 1,000 lines.
  static let assertsMin = 10

  static let folders = [
    "SegmentLog/Segments", "SegmentLog/Reading", "SegmentLog/Writing", "SegmentLog/Recovery",
    "Partitions/Relay", "Projections",
  ]

  static func asserts(in file: SourceFile) -> Int {
    let code = SwiftCode(file.text).lines.joined(separator: "\n")
    return ["assert(", "precondition("].reduce(0) { sum, call in
      sum + code.ranges(of: call).count { code[..<$0.lowerBound].last?.isLetter != true }
    }
  }

  /// Nil if there are enough.
  static func lack(in files: [SourceFile], of folder: String) -> String? {
    let lines = files.reduce(0) { $0 + $1.lineCount }
    let asserts = files.reduce(0) { $0 + AssertDensity.asserts(in: $1) }
    if asserts * 1_000 >= assertsMin * lines { return nil }
    return """
      \(folder) has \(asserts) asserts in \(lines) lines, and should have \(assertsMin) in 1,000: what \
      positions, counts and durable points are to each other there, every caller relies on, and a \
      wrong one is seen only when a message is missing. Say it where they meet: debug builds, which \
      the simulation runs, end at the first that does not hold
      """
  }
}

@Suite("Asserts")
struct AssertDensityTests {
  @Test(
    "where positions and durable points meet, it is said what holds",
    arguments: AssertDensity.folders)
  func folders(folder: String) throws {
    let files = try Repository.swiftFiles(below: "Sources/\(folder)")
    #expect(!files.isEmpty)
    if let lack = AssertDensity.lack(in: files, of: folder) { Issue.record("\(lack)") }
  }

  @Test("asserts and preconditions count, and what only looks like one does not")
  func counted() {
    let text = """
      assert(a <= b, "a")
      // assert(a)
      if b { precondition(c) }
      let d = "assert(e)"
      reassert(f)
      preconditionFailure("g")
      """
    let file = SourceFile(path: "Sources/X/X.swift", text: text + "\n")
    #expect(AssertDensity.asserts(in: file) == 2)
    let long = SourceFile(
      path: "Sources/X/Y.swift", text: String(repeating: "\n", count: 194))
    #expect(AssertDensity.lack(in: [file, long], of: "X") == nil)
    #expect(AssertDensity.lack(in: [file, long, file, long, long], of: "X") != nil)
  }
}
