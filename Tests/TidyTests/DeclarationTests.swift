import Testing

@Suite("Declarations")
struct DeclarationTests {
  @Test("nothing is declared in Sources that neither they nor tests use")
  func sources() throws {
    let sources = try Repository.swiftFiles(below: "Sources")
    let tests = try Repository.swiftFiles(below: "Tests")
    #expect(Declarations(sources[0].text).declared.isEmpty == false)
    for dead in DeadDeclarations.find(in: sources, saidIn: tests) { Issue.record("\(dead)") }
  }

  private func dead(_ source: String, test: String = "") -> Int {
    DeadDeclarations.find(
      in: [SourceFile(path: "Sources/X/X.swift", text: source)],
      saidIn: [SourceFile(path: "Tests/XTests/X.swift", text: test)]
    ).count
  }

  @Test(
    "what is declared and never said is found, whatever it is",
    arguments: [
      ("func a() {}", 1), ("let a = 1", 1), ("struct A {\n  private var b = 1\n}", 2),
      ("enum A {\n  case b, c(d: Int)\n  case e,\n    f\n}", 5), ("typealias A = Int", 1),
      ("protocol A { func b() }", 2), ("final class A {\n  class func b() {}\n}", 2),
      ("extension Int {\n  var a: Int { 1 }\n}", 1), ("// a\nlet a = \"a\"", 1),
      ("protocol A { func b() }\nextension Int: A { func b() {} }", 2),
    ])
  func found(source: String, count: Int) { #expect(dead(source) == count) }

  @Test(
    "what is said somewhere, is inside of a function, or is another's to call, is not",
    arguments: [
      "func a() { a() }", "let a = 1\nlet _ = \"\\(a)\"", "func a(b: Int) { let c = d }\nlet _ = a",
      "let _ = \\.a\nextension Int {\n  var a: Int { let c = 1 }\n}",
      "@main struct A {\n  static let configuration = 1\n}", "@main\nstruct A {}",
      "extension Int {\n  static func < (a: Int, b: Int) -> Bool { true }\n}",
      "extension Int {\n  func channelRead() {}\n  enum CodingKeys {}\n}",
      "enum A { case b }\nlet _ = A.b\nfunc _(a: Int = { let c = 1 }) {}",
      "extension Int {\n  func a() {\n    switch 1 { case b, c: break }\n  }\n}\nlet _ = 1.a()",
    ])
  func notFound(source: String) { #expect(dead(source) == 0) }

  @Test("what tests alone use is used")
  func tests() {
    #expect(dead("func a() {}", test: "let b = a()") == 0)
    #expect(dead("func a() {}", test: "let a = 1") == 1)
  }
}
