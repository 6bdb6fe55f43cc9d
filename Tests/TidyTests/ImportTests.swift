import Testing

@Suite("Imports")
struct ImportTests {
  @Test("every module imports what its row allows, and nothing else")
  func sources() throws {
    let examples =
      try Repository.swiftFiles(below: "Examples") + Repository.swiftFiles(below: "ops/examples")
    let files = try Repository.swiftFiles(below: "Sources") + examples
    #expect(files.count > 20 && !examples.isEmpty)
    for file in files {
      for violation in ImportRules.violations(in: file) { Issue.record("\(violation)") }
    }
  }

  @Test("every target of Package.swift, and every folder of sources and examples, has its row")
  func rows() throws {
    let targets = ImportRules.targets(in: try Repository.text("Package.swift"))
    #expect(targets == Set(ImportRules.allowed.keys))
    let folders = try Repository.folders(in: "Sources") + ImportTests.examples()
    #expect(Set(folders) == targets)
  }

  private static func examples() throws -> [String] {
    try Repository.folders(in: "Examples") + Repository.folders(in: "ops/examples")
  }

  @Test("ARCHITECTURE.md has every module in its table, and no other")
  func documented() throws {
    let text = try Repository.text("ARCHITECTURE.md")
    let start = try #require(text.firstRange(of: "## Modules"))
    let end = try #require(text.firstRange(of: "## Threads"))
    let rows = text[start.upperBound..<end.lowerBound].split(separator: "\n")
      .filter { $0.hasPrefix("| ") && !$0.hasPrefix("| module") }
    let named = rows.flatMap { row in
      row.dropFirst(2).prefix { $0 != "|" }.split(separator: ",").map {
        String($0.filter { $0 != " " })
      }
    }
    // The C targets are a file each.
    let examples = try ImportTests.examples()
    let modules = ImportRules.allowed.keys.filter {
      !examples.contains($0) && (!$0.hasPrefix("C") || $0 == "Console")
    }
    #expect(named.sorted() == modules.sorted())
  }

  @Test("every folder of Tests that holds Swift is a test target")
  func testFolders() throws {
    let package = try Repository.text("Package.swift")
    for folder in try Repository.folders(in: "Tests") {
      if try Repository.swiftFiles(below: "Tests/\(folder)").isEmpty { continue }
      let isNamed = package.contains("\"\(folder)\"")
      #expect(isNamed, "Package.swift does not name \(folder)")
    }
  }

  @Test("nobody may import the executable, and only who puts the whole together an implementation")
  func table() {
    for (module, allowed) in ImportRules.allowed {
      #expect(!allowed.contains("Daybook"))
      let named = allowed.intersection(ImportRules.implementations)
      #expect(
        named.isEmpty || ImportRules.composers.contains(module),
        "\(module) names \(named): take the port that they implement, so that another can stand there"
      )
    }
    #expect(ImportRules.allowed["Daybook"]?.contains("Gateway") == false)
  }

  @Test(
    "a forbidden import is found, however it is written",
    arguments: [
      "import NIOPosix", "@testable import SegmentLog", "package import GRDB",
      "import struct Foundation.Data", "  import Foundation", "@preconcurrency import Daybook",
    ])
  func found(line: String) {
    let file = SourceFile(path: "Sources/Gateway/X.swift", text: "import NIOCore\n\(line)\n")
    let expected = line.contains("NIOPosix") ? 0 : 1
    #expect(ImportRules.violations(in: file).count == expected)
    let model = SourceFile(path: "Sources/DaybookModel/X.swift", text: "\n\(line)\n")
    #expect(ImportRules.violations(in: model).count == 1)
  }

  @Test("what only looks like an import is none")
  func notFound() {
    let text = "// import GRDB\nlet a = \"import GRDB\"\n/* import GRDB */\nimport NIOCore\n"
    let file = SourceFile(path: "Sources/Ports/X.swift", text: text)
    #expect(ImportRules.violations(in: file).isEmpty)
  }

  @Test("a module without a row is found")
  func unknownModule() {
    let file = SourceFile(path: "Sources/Novelty/X.swift", text: "")
    #expect(ImportRules.violations(in: file).count == 1)
    let package =
      ".target(name: \"CThing\"),\n    module(\n      \"Novelty\", []),\n testTarget(x)\n"
      + ".systemLibrary(name: \"CLibrary\"),"
    #expect(ImportRules.targets(in: package) == ["CThing", "CLibrary", "Novelty"])
  }
}
