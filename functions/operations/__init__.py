"""Operations: the infrastructure work that people ask for in chat, done in the account where it is to be done."""
